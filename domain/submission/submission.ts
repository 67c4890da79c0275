import { z } from "zod";
import { Instant } from "../event.ts";
import { SourceId } from "../ids.ts";
import { Kind } from "./events.ts";

// A submission in the clear, as the gateway seals it into SubmissionReceived.

/** What identity and rules work with; a blank or missing value has no key here. */
export const Normalised = z.object({
  /** Lower case, no surrounding space. */
  email: z.string().optional(),
  /** E.164. */
  phone: z.string().optional(),
  full_name: z.string().optional(),
  /** ISO 3166-1 alpha-2, upper case. */
  country: z.string().optional(),
});
export type Normalised = z.infer<typeof Normalised>;

/** What rules are told that no payload can say; looked up when the submission is routed, and sealed with it from then on. */
export const LookedUp = z.object({
  person: z.object({ lead_count: z.int().positive() }).optional(),
  /** By kind. */
  context: z.record(z.string(), z.record(z.string(), z.unknown())).optional(),
  /** By list: whether it names the person. */
  suppressed: z.record(z.string(), z.boolean()).optional(),
});
export type LookedUp = z.infer<typeof LookedUp>;

export const Submission = z.object({
  kind: Kind,
  source: SourceId,
  received_at: Instant,
  /** The producer's own. */
  idempotency_key: z.string(),
  /** The body as it came. */
  payload: z.record(z.string(), z.unknown()),
  normalised: Normalised,
  looked_up: LookedUp.optional(),
});
export type Submission = z.infer<typeof Submission>;
