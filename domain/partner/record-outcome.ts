import { accept, refuse } from "../decider.ts";
import type { PartnerDecision, RecordOutcome } from "./command.ts";
import type { PartnerEvent } from "./events.ts";
import type { AttemptOutcome } from "./outcome.ts";
import type { PartnerState } from "./state.ts";

// What the outcome of an attempt means for the delivery, and for whether the partner is called again.

export function recordOutcome(command: RecordOutcome, state: PartnerState): PartnerDecision {
  const known = state.open.get(command.delivery_id);
  if (known?.stage !== "calling" || known.attempts !== command.attempt) return refuse("not_calling");
  const tries = command.attempt - known.interrupted;
  return accept<PartnerEvent>(deliveryEvent(command, tries), ...circuitEvents(command, tries, state));
}

function deliveryEvent(command: RecordOutcome, tries: number): PartnerEvent {
  const { partner, delivery_id, submission_id, attempt, outcome, timings } = command;
  const { sealed_response, sealed_reason } = command;
  const sealed = { ...(sealed_response && { sealed_response }), ...(sealed_reason && { sealed_reason }) };
  const data = { partner, delivery_id, submission_id, timings, ...sealed };
  switch (outcome.outcome) {
    case "succeeded": {
      const { outcome: _, ...told } = outcome;
      return { type: "DeliverySucceeded", data: { ...data, attempt, ...told } };
    }
    case "duplicate":
      return { type: "DeliveryDuplicated", data: { ...data, attempts: attempt, reason: outcome.reason } };
    case "rejected":
      return { type: "DeliveryRejected", data: { ...data, attempt, reason: outcome.reason } };
    case "gone":
    case "failed":
    case "unknown":
    case "interrupted":
    case "not_called": {
      const { reason } = outcome;
      const interrupted = isOurs(outcome) ? { interrupted: true as const } : {};
      const in_doubt = isInDoubt(outcome) ? { in_doubt: true as const } : {};
      const cause = deadLetterCause(command, tries);
      if (cause !== undefined)
        return {
          type: "DeliveryDeadLettered",
          data: { ...data, ...interrupted, ...in_doubt, attempts: attempt, reason, cause },
        };
      const delay = retryDelayMs(command, tries);
      const timer = delay > MAX_MAILED_DELAY_MS ? { timer: true as const } : {};
      const retry_at = instant(command.at + delay);
      return {
        type: "DeliveryFailed",
        data: { ...data, ...interrupted, ...in_doubt, attempt, reason, retry_at, ...timer },
      };
    }
  }
}

/** It is none of the partner's tries: we broke it off, or whoever resumes the partner wants it delivered. */
const isOurs = ({ outcome }: AttemptOutcome): boolean =>
  outcome === "interrupted" || outcome === "not_called" || outcome === "gone";

const isInDoubt = ({ outcome }: AttemptOutcome): boolean =>
  outcome === "unknown" || outcome === "interrupted";

/** Undefined while it may be tried again. */
function deadLetterCause(
  { outcome, policy }: RecordOutcome,
  tries: number,
): "outcome_unknown" | "retries_exhausted" | undefined {
  // Who does not recognise a repeat must not get one that may be its second.
  if (isInDoubt(outcome) && !policy.idempotent) return "outcome_unknown";
  return !isOurs(outcome) && tries >= policy.retry.max_attempts ? "retries_exhausted" : undefined;
}

/** Whatever is configured: more than any calendar can hold must not make a moment that is none. */
const MAX_WAIT_MS = 365 * 24 * 3_600_000;
/** What waits longer is no delayed message any more. */
const MAX_MAILED_DELAY_MS = 60_000;
/** No partner may park us for longer. */
const MAX_RETRY_AFTER_MS = 24 * 3_600_000;

/** Exponential with full jitter; never less than what the partner asked for. */
function retryDelayMs({ outcome, policy, chance }: RecordOutcome, tries: number): number {
  if (isOurs(outcome)) return 0;
  const { base_ms, max_ms } = policy.retry;
  const maxDelay = Math.min(max_ms, base_ms * 2 ** (tries - 1));
  return Math.min(MAX_WAIT_MS, Math.max(Math.floor(chance * maxDelay), retryAfterMs(outcome)));
}

const retryAfterMs = (outcome: AttemptOutcome): number =>
  outcome.outcome === "failed" ? Math.min(MAX_RETRY_AFTER_MS, outcome.retry_after_ms ?? 0) : 0;

const instant = (ms: number): string => new Date(ms).toISOString();

function circuitEvents(command: RecordOutcome, tries: number, { circuit }: PartnerState): PartnerEvent[] {
  const { partner, delivery_id, outcome, policy, at } = command;
  const isProbe = circuit.state === "half_open" && circuit.probe === delivery_id;
  const opened = (reason: string): PartnerEvent => {
    const rest = Math.min(MAX_WAIT_MS, Math.max(policy.circuit.open_ms, retryAfterMs(outcome)));
    return { type: "CircuitOpened", data: { partner, until: instant(at + rest), reason } };
  };
  switch (outcome.outcome) {
    case "succeeded":
    case "duplicate":
    case "rejected":
      return isProbe ? [{ type: "CircuitClosed", data: { partner } }] : [];
    case "gone":
    case "interrupted":
    case "not_called":
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
