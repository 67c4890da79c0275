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

export const Submission = z.object({
  kind: Kind,
  source: SourceId,
  received_at: Instant,
  /** The producer's own. */
  idempotency_key: z.string(),
  /** The body as it came. */
  payload: z.record(z.string(), z.unknown()),
  normalised: Normalised,
});
export type Submission = z.infer<typeof Submission>;
