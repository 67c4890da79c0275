import { z } from "zod";
import { Sealed } from "../event.ts";
import { MemberId } from "../ids.ts";
import { AddedMember } from "./events.ts";

// What is asked of the owner of a campaign, which alone knows its members to the last event and may change them.

const by = z.string();

export const CampaignRequest = z.discriminatedUnion("type", [
  z.object({ type: z.literal("add"), members: z.array(AddedMember), by }),
  z.object({ type: z.literal("reply"), member_id: MemberId, message: z.string(), sealed: Sealed, by }),
  z.object({ type: z.literal("redrive"), member_id: MemberId, by }),
  z.object({ type: z.literal("discard"), member_id: MemberId, reason: z.string(), by }),
  z.object({ type: z.literal("import"), import_id: z.uuid(), sealed: Sealed, by }),
  z.object({ type: z.literal("pace") }),
]);
export type CampaignRequest = z.infer<typeof CampaignRequest>;

/** What keeps a campaign from going faster. */
export const Limits = z.enum([
  "rate",
  "concurrency",
  "quiet_hours",
  "paused",
  /** Its partners take nothing just now. */
  "partner",
  /** Those who work on it can't keep up. */
  "workers",
]);
export type Limit = z.infer<typeof Limits>;

export const Pace = z.object({
  /** Members that went on in the last minute, a second. */
  per_second: z.number(),
  limited_by: Limits.nullable(),
  /** Where the campaign can begin nothing until then. */
  until: z.iso.datetime().optional(),
});
export type Pace = z.infer<typeof Pace>;

const position = z.string();
export const CampaignReply = z.union([
  z.object({ added: z.int().nonnegative(), position: position.optional() }),
  z.object({ taken: z.boolean(), position: position.optional() }),
  z.object({ done: z.literal(true), position: position.optional() }),
  z.object({ pace: Pace }),
  z.object({
    refused: z.enum(["no_such_member", "not_a_dead_letter", "import_running", "cancelled", "unavailable"]),
  }),
]);
export type CampaignReply = z.infer<typeof CampaignReply>;
