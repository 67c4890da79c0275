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
  /** What a campaign wrote for its member: its subject and text go before those of the partner. */
  template: z.record(z.string(), z.unknown()).optional(),
});
export type Submission = z.infer<typeof Submission>;

/** Undefined where it is none. Whoever sealed it has checked it, so that a look at what is used is enough for what looks well. */
export function readSubmission(value: unknown): Submission | undefined {
  if (isWell(value)) return value;
  const read = Submission.safeParse(value);
  return read.success ? read.data : undefined;
}

function isWell(value: unknown): value is Submission {
  if (!isObject(value)) return false;
  const { kind, source, received_at, payload, normalised, looked_up } = value;
  return (
    Kind.options.includes(kind as Kind) &&
    typeof source === "string" &&
    typeof received_at === "string" &&
    isObject(payload) &&
    isObject(normalised) &&
    (looked_up === undefined || isObject(looked_up))
  );
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
