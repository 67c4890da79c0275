import { z } from "zod";
import { type EventOf, Instant, Sealed } from "../event.ts";
import { MemberId, SubmissionId } from "../ids.ts";
import { Kind } from "../submission/events.ts";

// Stream: intake-<id>. What came in by a way that gives no answer and could not be taken in: a dead letter of its own, until it is taken
// in after all or discarded.

export const INTAKE_STREAM_PREFIX = "intake-";
export const intakeStream = (id: RefusalId): string => `${INTAKE_STREAM_PREFIX}${id}`;

export const RefusalId = z.uuid().brand<"RefusalId">();
export type RefusalId = z.infer<typeof RefusalId>;

/** What was refused, as it came; sealed, for it may be about a person. */
export const RefusedMessage = z.object({
  headers: z.record(z.string(), z.string()),
  body: z.string(),
  encoding: z.enum(["utf8", "base64"]),
  /** Only where the message was too large to keep whole: how many bytes it had. */
  truncated_from: z.int().optional(),
  /** Only where the headers were too large: the last of them are missing. */
  headers_cut: z.literal(true).optional(),
});
export type RefusedMessage = z.infer<typeof RefusedMessage>;

const about = z.object({ refusal_id: RefusalId });

export const intakeEvents = {
  SubmissionRefused: {
    version: 2,
    upcasts: { 1: (data: unknown) => data },
    schema: z.object({
      refusal_id: RefusalId,
      /** As claimed: it need not exist, nor be who sent it. */
      source: z.string(),
      kind: Kind,
      refused_at: Instant,
      reason: z.string(),
      errors: z.array(z.object({ path: z.string(), message: z.string() })),
      sealed: Sealed,
      /** How often it was refused, this time included; once where it is missing. */
      attempts: z.int().positive().optional(),
    }),
  },
  /** A reply to a campaign. */
  ReplyRefused: {
    version: 1,
    schema: z.object({
      refusal_id: RefusalId,
      /** As named: there need not be such a campaign. */
      campaign: z.string(),
      refused_at: Instant,
      reason: z.string(),
      errors: z.array(z.object({ path: z.string(), message: z.string() })),
      sealed: Sealed,
      attempts: z.int().positive().optional(),
    }),
  },
  ReplyRedriven: { version: 1, schema: about.extend({ member_id: MemberId }) },
  /** Put through intake again, and taken in: as this submission, which may have been there before. */
  RefusalRedriven: { version: 1, schema: about.extend({ submission_id: SubmissionId }) },
  RefusalDiscarded: { version: 1, schema: about.extend({ reason: z.string() }) },
} as const;

export type IntakeEvent = EventOf<typeof intakeEvents>;
