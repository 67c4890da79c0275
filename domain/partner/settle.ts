import { accept } from "../decider.ts";

import type { Book } from "./book.ts";
import type { Decision, Policy, Settle } from "./command.ts";
import type { PartnerEvent } from "./events.ts";

// What the outcome of an attempt means for the delivery, and for whether the partner is asked again.

export function settle(command: Settle, book: Book, policy: Policy): Decision {
  const { partner, delivery_id, submission_id, attempt, verdict, timings, http_status, sealed_response } =
    command;
  const known = book.open.get(delivery_id);
  if (known?.stage !== "calling" || known.attempts !== attempt)
    return { accepted: false, reason: "not_calling" };
  const answer = {
    partner,
    delivery_id,
    submission_id,
    timings,
    ...(http_status !== undefined && { http_status }),
    ...(sealed_response !== undefined && { sealed_response }),
  };
  const tries = attempt - known.interrupted;
  const circuit = circuitAfter(command, tries, book, policy);
  switch (verdict.outcome) {
    case "succeeded": {
      const { price, reason } = verdict;
      const told = { ...(price !== undefined && { price }), ...(reason !== undefined && { reason }) };
      return accept({ type: "DeliverySucceeded", data: { ...answer, attempt, ...told } }, ...circuit);
    }
    case "duplicate":
      return accept(
        { type: "DeliveryDuplicated", data: { ...answer, attempts: attempt, reason: verdict.reason } },
        ...circuit,
      );
    case "rejected":
      return accept(
        { type: "DeliveryRejected", data: { ...answer, attempt, reason: verdict.reason } },
        ...circuit,
      );
    case "failed":
    case "unknown":
    case "interrupted": {
      const { reason } = verdict;
      const interrupted = verdict.outcome === "interrupted" ? { interrupted: true as const } : {};
      const cause = causeOfDeath(command, tries, policy);
      if (cause !== undefined)
        return accept(
          {
            type: "DeliveryDeadLettered",
            data: { ...answer, ...interrupted, attempts: attempt, reason, cause },
          },
          ...circuit,
        );
      const retry_at = new Date(command.at + retryDelayMs(command, tries, policy)).toISOString();
      return accept(
        { type: "DeliveryFailed", data: { ...answer, ...interrupted, attempt, reason, retry_at } },
        ...circuit,
      );
    }
  }
}

/** Undefined while it may be tried again. */
function causeOfDeath(
  { verdict }: Settle,
  tries: number,
  { idempotent, retry }: Policy,
): "outcome_unknown" | "retries_exhausted" | undefined {
  const certain = verdict.outcome === "failed" || ("not_called" in verdict && verdict.not_called === true);
  // Who does not recognise a repeat must not get one that may be its second.
  if (!certain && !idempotent) return "outcome_unknown";
  if (verdict.outcome === "interrupted" || tries < retry.max_attempts) return undefined;
  return "retries_exhausted";
}

/** Whatever is configured: more than any calendar can hold must not make a moment that is none. */
const LONGEST_WAIT_MS = 365 * 24 * 3_600_000;

/** Exponential with full jitter; what the partner asked for is the least. */
function retryDelayMs({ verdict, chance }: Settle, tries: number, { retry }: Policy): number {
  if (verdict.outcome === "interrupted") return 0;
  const most = Math.min(retry.max_ms, retry.base_ms * 2 ** (tries - 1));
  return Math.min(LONGEST_WAIT_MS, Math.max(Math.floor(chance * most), wishOf(verdict)));
}

const wishOf = (verdict: Settle["verdict"]): number =>
  verdict.outcome === "failed" ? (verdict.retry_after_ms ?? 0) : 0;

function circuitAfter(command: Settle, tries: number, { circuit }: Book, policy: Policy): PartnerEvent[] {
  const { partner, delivery_id, verdict, at } = command;
  const isProbe = circuit.state === "half_open" && circuit.probe === delivery_id;
  const opened = (reason: string): PartnerEvent => {
    const rest = Math.min(LONGEST_WAIT_MS, Math.max(policy.circuit.open_ms, wishOf(verdict)));
    const until = new Date(at + rest).toISOString();
    return { type: "CircuitOpened", data: { partner, until, reason } };
  };
  switch (verdict.outcome) {
    case "succeeded":
    case "duplicate":
    case "rejected":
      return isProbe ? [{ type: "CircuitClosed", data: { partner } }] : [];
    case "interrupted":
      return isProbe ? [opened("probe_interrupted")] : [];
    case "failed":
    case "unknown": {
      if (isProbe) return [opened("probe_failed")];
      if (circuit.state !== "closed") return [];
      if (tries >= policy.retry.max_attempts) return [opened("retries_exhausted")];
      return circuit.failures + 1 >= policy.circuit.failure_threshold ? [opened("failures_in_a_row")] : [];
    }
  }
}
