// How a simulated partner behaves, and what it therefore answers: pure, so that the same requests give the same answers.
import { z } from "zod";

const BEHAVIOURS = [
  "healthy",
  "slow",
  "failing",
  "fails_then_well",
  "rate_limited",
  "hanging",
  "reset_after_processing",
  "malformed",
  "rejecting",
] as const;

const number = z.coerce.number();

/** Numbers may come as text, since the same settings can be given in a query. */
export const settingsSchema = z.strictObject({
  behaviour: z.enum(BEHAVIOURS).default("healthy"),
  /** failing: the share of requests that fail. */
  rate: number.min(0).max(1).optional(),
  /** fails_then_well, rate_limited, reset_after_processing: so many requests of each id, then well. */
  times: number.int().min(0).optional(),
  /** Before the answer; processing comes first, as with a partner that is slow to confirm. */
  delay_ms: number.int().min(0).max(600_000).optional(),
  /** Sent with every 429, and with 503 where given. */
  retry_after_s: number.int().min(0).max(86_400).optional(),
  /** rate_limited: what is beyond so many requests a second is refused, instead of the first `times`. */
  per_second: number.min(0.1).max(1_000_000).optional(),
  /** The code that failing, fails_then_well and rejecting answer with. */
  status: number.int().min(200).max(599).optional(),
  /** rejecting: why; with `chooses`, why that one. */
  reason: z.string().max(500).optional(),
  /** Sent with every acceptance. */
  price: number.min(0).optional(),
  /** Makes it a routing service: what it would have accepted it answers with this partner, and with `reason`. */
  chooses: z.string().max(100).optional(),
  /** Makes it an analysis service: what it would have accepted it answers with this. */
  sentiment: z.enum(["positive", "neutral", "negative"]).optional(),
  /** malformed: JSON that ends in the middle, or bytes that are not HTTP. */
  malformed: z.enum(["json", "http"]).default("json"),
  /** Whether a repeated id is recognised, and so processed only once. */
  idempotent: z.preprocess((given) => (given === "false" ? false : given), z.coerce.boolean()).default(true),
  /** Whether requests must be signed with this secret; the others are answered 401. */
  secret: z.string().startsWith("whsec_").optional(),
});

export type Settings = z.infer<typeof settingsSchema>;

export interface Request {
  /** 1 for the first request of this id. */
  readonly nth: number;
  /** In [0, 1), the same for the same seed, partner, id and nth. */
  readonly chance: number;
  /** Whether it is within `per_second`; true when there is no such limit. */
  readonly withinRate: boolean;
  /** It was processed before, and the partner recognises it. */
  readonly known: boolean;
}

export type Answer = { readonly delayMs: number } & (
  | {
      readonly kind: "answer";
      readonly processed: boolean;
      readonly status: number;
      readonly retryAfterS?: number;
      readonly body: Readonly<Record<string, unknown>>;
    }
  | { readonly kind: "half_json" | "not_http" | "reset"; readonly processed: true }
  | { readonly kind: "hang"; readonly processed: false }
);

const SLOW_MS = 2_000;

export function answerTo(settings: Settings, request: Request): Answer {
  const delayMs = settings.delay_ms ?? (settings.behaviour === "slow" ? SLOW_MS : 0);
  const { times = 1 } = settings;
  switch (settings.behaviour) {
    case "healthy":
    case "slow":
      return accepted(settings, delayMs);
    case "failing":
      return request.chance < (settings.rate ?? 1) ? failed(settings, delayMs) : accepted(settings, delayMs);
    case "fails_then_well":
      return request.nth <= times ? failed(settings, delayMs) : accepted(settings, delayMs);
    case "rate_limited": {
      const refused = settings.per_second === undefined ? request.nth <= times : !request.withinRate;
      return refused ? tooMany(settings, delayMs) : accepted(settings, delayMs);
    }
    case "hanging":
      return { kind: "hang", processed: false, delayMs };
    case "reset_after_processing":
      return request.nth <= times ? { kind: "reset", processed: true, delayMs } : accepted(settings, delayMs);
    case "malformed":
      return { kind: settings.malformed === "http" ? "not_http" : "half_json", processed: true, delayMs };
    case "rejecting":
      // Nobody who recognises a request rejects what it took.
      return request.known ? accepted(settings, delayMs) : rejected(settings, delayMs);
  }
}

function accepted({ price, chooses: partner, reason, sentiment }: Settings, delayMs: number): Answer {
  if (partner !== undefined) {
    const body = reason === undefined ? { partner } : { partner, reason };
    return { kind: "answer", processed: true, status: 200, body, delayMs };
  }
  if (sentiment !== undefined)
    return { kind: "answer", processed: true, status: 200, body: { sentiment }, delayMs };
  const body = price === undefined ? { status: "accepted" } : { status: "accepted", price };
  return { kind: "answer", processed: true, status: 200, body, delayMs };
}

function failed({ status = 503, retry_after_s }: Settings, delayMs: number): Answer {
  const body = { status: "failed", reason: "simulated failure" };
  const answer = { kind: "answer", processed: false, status, body, delayMs } as const;
  return retry_after_s === undefined ? answer : { ...answer, retryAfterS: retry_after_s };
}

function tooMany({ retry_after_s: retryAfterS = 1 }: Settings, delayMs: number): Answer {
  const body = { status: "refused", reason: "too many requests" };
  return { kind: "answer", processed: false, status: 429, retryAfterS, body, delayMs };
}

function rejected({ status = 422, reason = "not wanted" }: Settings, delayMs: number): Answer {
  return { kind: "answer", processed: false, status, body: { status: "rejected", reason }, delayMs };
}
