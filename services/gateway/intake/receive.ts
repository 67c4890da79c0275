// A submission's way in, the same over every transport: who sent it, may it come in, and is it stored.

import type { SourceId, SubmissionId } from "#domain/ids.ts";
import type { Kind } from "#domain/submission/events.ts";
import { deterministicUuid } from "#platform/ids.ts";
import type { Metrics } from "#platform/metrics.ts";
import type { HeaderValues } from "#platform/webhooks.ts";
import { readText } from "../http/json-body.ts";
import { isRefusal, type Refusal, type RefusalReason, refusal } from "../refusal.ts";
import { payloadOf } from "./cloud-events.ts";
import { checkPayload } from "./payload.ts";
import type { RateLimits } from "./rate-limits.ts";
import { authenticate, type Sender } from "./signature.ts";
import type { KnownSources } from "./sources.ts";

import type { Receipt, Store } from "./store.ts";

/** What arrived, as it arrived. */
export interface Arrival {
  /** As claimed. */
  readonly source: string | undefined;
  /** Undefined when it is said to be of a kind that there is not. */
  readonly kind: Kind | undefined;
  readonly headers: HeaderValues;
  readonly body: Buffer;
  /** Milliseconds. A signature is judged by the clock of this moment, however much later it is looked at. */
  readonly at: number;
  /** Whether it can wait for room rather than be told to come again. */
  readonly patient?: boolean;
}

export interface ReceptionParts {
  readonly sources: () => KnownSources;
  readonly limits: RateLimits;
  readonly store: Store;
  readonly metrics: Metrics;
}

export interface Reception {
  receive(arrival: Arrival): Promise<Receipt | Refusal>;
  /** There is no room for one more, whoever sends it. */
  turnAway(kind: Kind): Refusal;
}

const NO_SUCH_KIND = { path: "x-kind", message: "must be lead, assistance or event" };
/** A key travels through headers and logs of many systems: visible ASCII, and short. */
const KEY = /^[\x21-\x7e]{1,255}$/;

export function submissionIdOf(source: SourceId, key: string): SubmissionId {
  return deterministicUuid("submission", source, key) as SubmissionId;
}

export function createReception({ sources, limits, store, metrics }: ReceptionParts): Reception {
  async function takeIn(arrival: Arrival, sender: Sender): Promise<Receipt | Refusal> {
    const { kind, headers, body, at, patient = false } = arrival;
    const { source, key } = sender;
    if (kind === undefined) return refusal("invalid", { errors: [NO_SUCH_KIND] });
    const allowed = source.settings.allowed_kinds;
    if (allowed !== undefined && !allowed.includes(kind)) return refusal("kind_not_allowed");
    const retryAfterS = limits.take(source, Date.now());
    if (retryAfterS !== undefined) return refusal("rate_limited", { retryAfterS });

    if (!KEY.test(key))
      return refusal("invalid", {
        errors: [{ path: "idempotency key", message: "must be 1 to 255 visible ASCII characters" }],
      });
    const text = readText(body);
    if (isRefusal(text)) return text;
    const payload = payloadOf(kind, headers, text);
    if (isRefusal(payload)) return payload;
    const checked = checkPayload(kind, payload);
    if (isRefusal(checked)) return checked;

    return store.put(
      { kind, source: source.id, received_at: new Date(at).toISOString(), idempotency_key: key, ...checked },
      { id: submissionIdOf(source.id, key), text, trace: traceOf(headers), patient },
    );
  }

  return {
    turnAway(kind) {
      metrics.submissionsTotal.inc({ source: "unknown", kind, outcome: "unavailable" });
      return refusal("overloaded", { retryAfterS: 1 });
    },
    async receive(arrival) {
      const began = performance.now();
      const book = sources();
      const sender = authenticate(book, arrival, arrival.at);
      const result = sender === undefined ? refusal("unauthenticated") : await takeIn(arrival, sender);
      // A claimed name that we do not know is anybody's text, and no label.
      const source = arrival.source !== undefined && book.has(arrival.source) ? arrival.source : "unknown";
      metrics.submissionsTotal.inc({ source, kind: arrival.kind ?? "unknown", outcome: outcomeOf(result) });
      if (!isRefusal(result)) metrics.ackSeconds.observe((performance.now() - began) / 1000);
      return result;
    },
  };
}

/** The trace that the sender is in, when it says so (W3C traceparent). */
function traceOf({ traceparent }: HeaderValues): string | undefined {
  return typeof traceparent === "string"
    ? /^00-([0-9a-f]{32})-[0-9a-f]{16}-/.exec(traceparent)?.[1]
    : undefined;
}

type Outcome = "accepted" | "duplicate" | "invalid" | "unauthenticated" | "limited" | "unavailable";

function outcomeOf(result: Receipt | Refusal): Outcome {
  if (!isRefusal(result)) return result.duplicate ? "duplicate" : "accepted";
  return outcomeOfRefusal[result.refused] ?? "invalid";
}

const outcomeOfRefusal: Partial<Record<RefusalReason, Outcome>> = {
  unauthenticated: "unauthenticated",
  rate_limited: "limited",
  unavailable: "unavailable",
  overloaded: "unavailable",
  in_flight: "duplicate",
};
