import type { DeliveryId, PartnerId } from "../ids.ts";
import type { Policy, RecordOutcome } from "./command.ts";
import type { PartnerState } from "./state.ts";

/**
 * What to record of attempts that the stream calls under way and nobody makes any more: whoever began them is gone without having
 * recorded what they came to. `underWay` tells which attempt of a delivery this process is making.
 */
export function interruptedAttempts(
  state: PartnerState,
  partner: PartnerId,
  policy: Policy,
  underWay: (id: DeliveryId) => number | undefined,
  at: number,
): RecordOutcome[] {
  return [...state.open]
    .filter(([id, { stage, attempts }]) => stage === "calling" && underWay(id) !== attempts)
    .map(([delivery_id, { submission_id, sent_for, attempts, started_at }]) => {
      const total_ms = Math.max(0, at - started_at);
      return {
        type: "record_outcome",
        partner,
        delivery_id,
        submission_id,
        ...(sent_for !== undefined && { sent_for }),
        attempt: attempts,
        outcome: { outcome: "interrupted", reason: "interrupted" },
        timings: { total_ms, partner_ms: 0, overhead_ms: total_ms },
        policy,
        at,
        chance: 0,
      };
    });
}
