// What happens to a submission, the same over every transport: authenticated, checked, stored.
import type { SourceId, SubmissionId } from "#domain/ids.ts";
import { Kind } from "#domain/submission/events.ts";
import { deterministicUuid } from "#platform/ids.ts";
import type { Metrics } from "#platform/metrics.ts";
import type { HeaderValues } from "#platform/webhooks.ts";
import { readText } from "../http/json-body.ts";
import { isRefusal, type Refusal, type RefusalReason, refusal } from "../refusal.ts";
import { payloadOf } from "./cloud-events.ts";
import { MAX_BODY_BYTES } from "./limits.ts";
import { checkPayload } from "./payload.ts";
import { authenticate, type Sender } from "./signature.ts";
import { claimedSource, type KnownSources } from "./sources.ts";
import type { Receipt, StoreOptions, SubmissionStore } from "./store.ts";

/** A submission as it arrived. */
export interface Arrival {
  /** As claimed. */
  readonly source: HeaderValues[string];
  /** Undefined when the named kind does not exist. */
  readonly kind: Kind | undefined;
  readonly headers: HeaderValues;
  readonly body: Buffer;
  /** Milliseconds. A signature is judged by the clock of this moment, however much later it is checked. */
  readonly at: number;
  /** What is wrong with it besides, for a sender that is authenticated. */
  readonly wrong?: Refusal | undefined;
  /** Whether it can wait for a free slot rather than be refused. */
  readonly canWait?: boolean;
  /** When it began to arrive, by performance.now(), where that is known. */
  readonly began?: number;
}

export interface IntakeParts {
  readonly sources: () => KnownSources;
  readonly store: SubmissionStore;
  readonly metrics: Pick<Metrics, "submissionsTotal" | "ackSeconds">;
}

/** Every submission is counted once, with the response that it gets. */
export interface Intake {
  receive(arrival: Arrival): Promise<Receipt | Refusal>;
  /** For what may come again after a refusal: it is counted by whoever knows that this is the last time. */
  receiveUncounted(arrival: Arrival): Promise<Receipt | Refusal>;
  count(about: Pick<Arrival, "source" | "kind">, result: Receipt | Refusal): void;
  /** Counts a submission that is refused before it could be received, and returns the refusal. */
  refuse(about: Pick<Arrival, "source" | "kind">, why: Refusal): Refusal;
}

const UNKNOWN_KIND = { path: "x-kind", message: `must be one of ${Kind.options.join(", ")}` };
/** A key travels through headers and logs of many systems: visible ASCII, and short. */
export const KEY = /^[\x21-\x7e]{1,255}$/;
const BAD_KEY = { path: "idempotency key", message: "must be 1 to 255 visible ASCII characters" };

export function submissionIdOf(source: SourceId, key: string): SubmissionId {
  return deterministicUuid("submission", source, key) as SubmissionId;
}

export function createIntake({ sources, store, metrics }: IntakeParts): Intake {
  async function accept(arrival: Arrival, { source, key }: Sender): Promise<Receipt | Refusal> {
    const { kind, headers, body, at, wrong, canWait = false } = arrival;
    if (kind === undefined) return refusal("invalid", { errors: [UNKNOWN_KIND] });
    const { allowed_kinds = Kind.options } = source.settings;
    if (!allowed_kinds.includes(kind)) return refusal("kind_not_allowed");
    const { rateLimit } = source;
    if (rateLimit.take(1) === 0)
      return refusal("rate_limited", { retryAfterS: Math.max(1, Math.ceil(rateLimit.waitMs() / 1_000)) });

    if (wrong !== undefined) return wrong;
    if (!KEY.test(key)) return refusal("invalid", { errors: [BAD_KEY] });
    const text = readText(body);
    if (isRefusal(text)) return text;
    const payload = payloadOf(kind, headers, text);
    if (isRefusal(payload)) return payload;
    const checked = checkPayload(kind, payload, source.settings);
    if (isRefusal(checked)) return checked;

    return store.put(
      { kind, source: source.id, received_at: new Date(at).toISOString(), idempotency_key: key, ...checked },
      { id: submissionIdOf(source.id, key), text, ...traceOf(headers), canWait },
    );
  }

  async function receiveUncounted(arrival: Arrival): Promise<Receipt | Refusal> {
    if (arrival.body.length > MAX_BODY_BYTES) return refusal("too_large");
    const sender = authenticate(claimedSource(sources(), arrival.source), arrival, arrival.at);
    return sender === undefined ? refusal("unauthenticated") : accept(arrival, sender);
  }

  function count({ source, kind }: Pick<Arrival, "source" | "kind">, outcome: Outcome): void {
    // A claimed name that no source has can be any text, and must not become a label.
    const { id = "unknown" } = claimedSource(sources(), source) ?? {};
    metrics.submissionsTotal.inc({ source: id, kind: kind ?? "unknown", outcome });
  }

  return {
    receiveUncounted,
    count: (about, result) => count(about, outcomeOf(result)),
    refuse(about, why) {
      count(about, outcomeOf(why));
      return why;
    },
    async receive(arrival) {
      const { began = performance.now() } = arrival;
      try {
        const result = await receiveUncounted(arrival);
        count(arrival, outcomeOf(result));
        if (!isRefusal(result)) metrics.ackSeconds.observe((performance.now() - began) / 1000);
        return result;
      } catch (error) {
        count(arrival, "unavailable");
        throw error;
      }
    },
  };
}

/** The trace and the span that the sender is in, when it says so (W3C traceparent). */
function traceOf({ traceparent }: HeaderValues): Pick<StoreOptions, "trace" | "parent"> {
  const found =
    typeof traceparent === "string" ? /^00-([0-9a-f]{32})-([0-9a-f]{16})-/.exec(traceparent) : null;
  return { trace: found?.[1], parent: found?.[2] };
}

type Outcome = "accepted" | "duplicate" | "invalid" | "unauthenticated" | "limited" | "unavailable";

function outcomeOf(result: Receipt | Refusal): Outcome {
  if (isRefusal(result)) return refusalOutcomes[result.reason] ?? "invalid";
  return result.duplicate ? "duplicate" : "accepted";
}

const refusalOutcomes: Partial<Record<RefusalReason, Outcome>> = {
  unauthenticated: "unauthenticated",
  rate_limited: "limited",
  unavailable: "unavailable",
  overloaded: "unavailable",
  internal: "unavailable",
  in_flight: "duplicate",
};
