// POST /api/partners/:id/test: what is sent where nothing is given, and how often.
import { z } from "zod";
import type { PartnerId } from "#domain/ids.ts";
import { SourceId } from "#domain/ids.ts";
import { Kind } from "#domain/submission/events.ts";
import type { Submission } from "#domain/submission/submission.ts";
import { newUuid } from "#platform/ids.ts";
import { type TokenBucket, tokenBucket } from "#platform/token-bucket.ts";
import type { JsonObject } from "../http/json-body.ts";
import { responseSchemas } from "../http/route-schema.ts";
import { normalise } from "../intake/normalise.ts";
import { Refused, refusal } from "../refusal.ts";
import { SubmissionToTry } from "../rules/submission-to-try.ts";

export const TestOrder = z.strictObject({ submission: SubmissionToTry.optional() });

const shown = z.record(z.string(), z.unknown());

export const TestedDelivery = z
  .object({
    request: shown,
    response: shown,
    outcome: z.enum(["success", "failure", "error"]),
    reason: z.string().optional(),
    price: z.number().optional(),
    timings: z.object({ total_ms: z.number(), partner_ms: z.number(), overhead_ms: z.number() }),
  })
  .register(responseSchemas, { id: "TestedDelivery" });
export type TestedDelivery = z.infer<typeof TestedDelivery>;

const SAMPLE = {
  full_name: "Ada Sample",
  email: "ada@customer.example",
  phone: "+12025550143",
  country: "US",
  interest: "Education",
  topic: "sales",
  description: "This is a test delivery.",
};
const MAX_BYTES = 256 * 1024;

export function submissionToTest(given: z.infer<typeof TestOrder>["submission"] = SAMPLE): Submission {
  const { kind: wanted = "lead", source = "test", ...payload } = given;
  const kind = Kind.safeParse(wanted).data;
  const from = SourceId.safeParse(source).data;
  const { normalised, errors } = normalise(payload as JsonObject);
  const wrong = [
    ...(kind === undefined ? [{ path: "kind", message: "is no kind of submission" }] : []),
    ...(from === undefined ? [{ path: "source", message: "is no source's id" }] : []),
    ...errors,
    ...(Buffer.byteLength(JSON.stringify(payload)) > MAX_BYTES
      ? [{ path: "", message: `has more than ${MAX_BYTES} bytes` }]
      : []),
  ];
  if (wrong.length > 0 || kind === undefined || from === undefined) {
    const below = wrong.map(({ path, message }) => ({
      path: `submission.${path}`.replace(/\.$/, ""),
      message,
    }));
    throw new Refused(refusal("unacceptable", { errors: below }));
  }
  const received_at = new Date().toISOString();
  return { kind, source: from, received_at, idempotency_key: newUuid(), payload, normalised };
}

const AT_ONCE = 5;
const PER_SECOND = 0.5;
const MAX_PARTNERS = 10_000;

/** So that nobody floods a partner with what is never counted. */
export function createTestLimit(): (partner: PartnerId) => void {
  const buckets = new Map<PartnerId, TokenBucket>();
  return (partner) => {
    const bucket = buckets.get(partner) ?? tokenBucket(PER_SECOND, undefined, AT_ONCE);
    if (buckets.size >= MAX_PARTNERS) buckets.clear();
    buckets.set(partner, bucket);
    if (bucket.take(1) === 1) return;
    const detail = `A partner gets ${AT_ONCE} test deliveries at once, then one every ${1 / PER_SECOND} s`;
    const retryAfterS = Math.ceil(bucket.waitMs() / 1_000);
    throw new Refused(refusal("rate_limited", { detail, retryAfterS }));
  };
}
