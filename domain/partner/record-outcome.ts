import { accept, refuse } from "../decider.ts";
import { aboutOf, type PartnerDecision, type RecordOutcome } from "./command.ts";
import type { DeadCause, PartnerEvent } from "./events.ts";
import type { AttemptOutcome } from "./outcome.ts";
import type { OpenDelivery, PartnerState } from "./state.ts";

// What the outcome of an attempt means for the delivery, and for whether the partner is called again.

export function recordOutcome(command: RecordOutcome, state: PartnerState): PartnerDecision {
  const known = state.open.get(command.delivery_id);
  if (known?.stage !== "calling" || known.attempts !== command.attempt) return refuse("not_calling");
  const tries = command.attempt - known.interrupted;
  return accept<PartnerEvent>(deliveryEvent(command, tries, known), ...circuitEvents(command, tries, state));
}

function deliveryEvent(command: RecordOutcome, tries: number, known: OpenDelivery): PartnerEvent {
  const { attempt, outcome, timings } = command;
  const { sealed_response, sealed_reason } = command;
  const response = sealed_response === undefined ? {} : { sealed_response };
  const data = { ...aboutOf(command), timings, ...response };
  const told = sealed_reason === undefined ? data : { ...data, sealed_reason };
  const deadLetter = (cause: DeadLetterCause, reason: string): PartnerEvent => ({
    type: "DeliveryDeadLettered",
    data: {
      ...data,
      ...(isOurs(outcome) && { interrupted: true as const }),
      // Of any attempt: a later one that certainly failed does not take back an earlier one.
      ...((known.in_doubt || isInDoubt(outcome)) && { in_doubt: true as const }),
      attempts: attempt,
      reason,
      cause,
    },
  });
  switch (outcome.outcome) {
    case "succeeded": {
      const { outcome: _, ...rest } = outcome;
      return { type: "DeliverySucceeded", data: { ...told, attempt, ...rest } };
    }
    case "duplicate":
      return { type: "DeliveryDuplicated", data: { ...told, attempts: attempt, reason: outcome.reason } };
    case "rejected":
    case "gone":
      // Of a partner that recognises no repeat, this is the response to the repeat alone.
      if (known.in_doubt && !command.policy.idempotent) return deadLetter("outcome_unknown", outcome.reason);
      return { type: "DeliveryRejected", data: { ...told, attempt, reason: outcome.reason } };
    case "failed":
    case "unknown":
    case "interrupted":
    case "not_called": {
      const { reason } = outcome;
      const interrupted = isOurs(outcome) ? { interrupted: true as const } : {};
      const in_doubt = isInDoubt(outcome) ? { in_doubt: true as const } : {};
      const cause = deadLetterCause(command, tries, known);
      if (cause !== undefined) return deadLetter(cause, reason);
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

/** We broke it off, so it is none of the partner's tries. */
const isOurs = ({ outcome }: AttemptOutcome): boolean =>
  outcome === "interrupted" || outcome === "not_called";

const isInDoubt = ({ outcome }: AttemptOutcome): boolean =>
  outcome === "unknown" || outcome === "interrupted";

type DeadLetterCause = Extract<DeadCause, "outcome_unknown" | "retries_exhausted">;

/** Undefined while it may be tried again. */
function deadLetterCause(
  { outcome, policy }: RecordOutcome,
  tries: number,
  known: OpenDelivery,
): DeadLetterCause | undefined {
  // Who does not recognise a repeat must not get one that may be its second.
  if ((known.in_doubt || isInDoubt(outcome)) && !policy.idempotent) return "outcome_unknown";
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
    case "gone":
      return isProbe ? [{ type: "CircuitClosed", data: { partner } }] : [];
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
