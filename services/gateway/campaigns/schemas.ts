// What is sent and shown of campaigns, and how the API describes it.
import { z } from "zod";
import { Migration } from "#domain/campaign/configured.ts";
import { CampaignDefinition } from "#domain/campaign/definition.ts";
import { memberStatuses } from "#domain/campaign/events.ts";
import { ImportRequest } from "#domain/campaign/import.ts";
import { Pace } from "#domain/campaign/request.ts";
import { CampaignId, MemberId, StepId } from "#domain/ids.ts";
import { WrittenGroup, WrittenPredicate } from "#domain/rules/written-rule.ts";
import { requestSchemas, responseSchemas } from "../http/route-schema.ts";

/** A campaign is shown as it was written. */
responseSchemas.add(WrittenPredicate, { id: "WrittenPredicate" }).add(WrittenGroup, { id: "WrittenGroup" });

const count = z.int().nonnegative();
const ignored = z.unknown().optional().meta({ description: "Ignored: it can only be read", readOnly: true });

export const CampaignChange = CampaignDefinition.extend({
  migrate: Migration.optional().meta({
    description: "Which step of the version before is which of this one, for members that have begun",
  }),
  ...Object.fromEntries(
    ["id", "version", "status", "counts", "funnel", "next_due_at", "import", "pace"].map((name) => [
      name,
      ignored,
    ]),
  ),
}).register(requestSchemas, { id: "CampaignChange" });

const Status = z.enum(["draft", "running", "paused", "done", "cancelled"]);
const Counts = z.object(
  Object.fromEntries(memberStatuses.map((status) => [status, count])) as Record<
    (typeof memberStatuses)[number],
    typeof count
  >,
);
const ImportState = z.object({
  state: z.enum(["running", "done", "failed"]),
  pages: count,
  added: count,
  duplicates: count,
  invalid: count,
  reason: z.string().optional(),
});

export const Campaign = CampaignDefinition.extend({
  id: CampaignId,
  version: z
    .int()
    .positive()
    .meta({ description: "Another one with each changed definition; see expected_version" }),
  status: Status,
  counts: Counts,
  funnel: z
    .array(
      z.object({
        id: z.string(),
        entered: count,
        left: count,
        failed: count,
        waiting: count,
        working: count,
      }),
    )
    .meta({ description: "By step; entered = left + failed + waiting + working at every look" }),
  next_due_at: z.iso.datetime().nullable(),
  import: ImportState.optional(),
  pace: Pace.optional().meta({
    description:
      "How many members go on a second, and what keeps it from being more; missing where nobody can say now",
  }),
}).register(responseSchemas, { id: "Campaign" });

export const Campaigns = z
  .object({
    items: z.array(
      z.object({
        id: CampaignId,
        name: z.string(),
        version: z.int().positive(),
        status: Status,
        counts: Counts,
      }),
    ),
  })
  .register(responseSchemas, { id: "Campaigns" });

const Member = z
  .object({
    id: MemberId,
    email: z.string().nullable().meta({ description: "Null once it is forgotten" }),
    full_name: z.string().optional(),
    status: z.enum(memberStatuses),
    step: z.string().nullable(),
    version: z.int().positive().optional(),
    due_at: z.iso.datetime().optional(),
    reason: z.string().optional(),
    attempts: count.optional(),
    sentiment: z.string().optional(),
    updated_at: z.iso.datetime(),
  })
  .register(responseSchemas, { id: "Member" });
export const Members = z
  .object({ items: z.array(Member), next_cursor: z.string().optional() })
  .register(responseSchemas, { id: "Members" });
export const MemberWithTimeline = Member.extend({
  fields: z.record(z.string(), z.unknown()).nullable(),
  timeline: z.array(z.looseObject({ position: z.string(), at: z.iso.datetime(), type: z.string() })),
}).register(responseSchemas, { id: "MemberWithTimeline" });

export const MemberFilter = z.object({
  status: z.enum(memberStatuses).optional(),
  step: StepId.optional(),
  q: z.string().max(300).optional().meta({ description: "An exact e-mail address, or an id" }),
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z.string().max(500).optional(),
});

export const MembersAdded = z
  .object({
    added: count,
    duplicates: count,
    invalid: z
      .array(
        z.object({
          line: z.int().positive(),
          errors: z.array(z.object({ path: z.string(), message: z.string() })),
        }),
      )
      .meta({ description: "Lines are counted from 1" }),
  })
  .register(responseSchemas, { id: "MembersAdded" });

export const Reply = z
  .strictObject({
    member_id: MemberId.optional(),
    email: z.string().max(300).optional(),
    message_id: z.string().min(1).max(998).meta({ description: "Of the message: it is taken once" }),
    text: z.string().max(100_000),
  })
  .refine(({ member_id, email }) => (member_id === undefined) !== (email === undefined), {
    message: "needs either member_id or email",
  })
  .register(requestSchemas, { id: "CampaignReply" });
export type Reply = z.infer<typeof Reply>;
export const ReplyTaken = z
  .object({ member_id: MemberId, duplicate: z.boolean() })
  .register(responseSchemas, { id: "CampaignReplyTaken" });

export const ImportChange = ImportRequest.register(requestSchemas, { id: "CampaignImport" });
export const ImportBegun = z.object({ import_id: z.uuid() }).register(responseSchemas, { id: "ImportBegun" });
