import { accept, type Decider, refuse } from "../decider.ts";
import type { DeliveryId } from "../ids.ts";
import type { GiveUp, PartnerCommand, PartnerDecision, Policy, Retire, StartAttempt } from "./command.ts";
import type { PartnerEvent } from "./events.ts";
import { recordOutcome } from "./record-outcome.ts";
import { evolve, newPartner, type PartnerState, stageOf } from "./state.ts";

export const partnerDecider: Decider<PartnerState, PartnerCommand, PartnerDecision> = {
  /** Another one each time, because it is changed in place. */
  get initial() {
    return newPartner();
  },
  evolve,
  decide(command, state) {
    switch (command.type) {
      case "start_attempt":
        return startAttempt(command, state);
      case "record_outcome":
        return recordOutcome(command, state);
      case "give_up":
        return giveUp(command, state);
      case "retire":
        return retire(command, state);
    }
  },
};

function startAttempt(command: StartAttempt, state: PartnerState): PartnerDecision {
  const { partner, delivery_id, submission_id, dedupe_key, sealed_request, policy, at } = command;
  const stage = stageOf(state, delivery_id);
  if (stage === "ended") return refuse("already_ended");
  if (stage === "calling") return refuse("in_flight");
  const known = state.open.get(delivery_id);
  if (known !== undefined && known.retry_at > at)
    return { accepted: false, reason: "not_yet", until: known.retry_at };

  const about = { partner, delivery_id, submission_id };
  const version = command.config_version === undefined ? {} : { config_version: command.config_version };
  const attempts = known?.attempts ?? 0;
  // A delivery keeps the key it began with, whatever the configuration says by now.
  const key = known?.dedupe_key ?? dedupe_key;
  const use = state.keys.get(key);
  if (use !== undefined && use.by !== delivery_id) {
    if (use.delivered_at === undefined) return keyInFlight(use.by, state);
    if (at - use.delivered_at < windowOf(policy)) {
      const data = { ...about, ...version, attempts, of: use.by, reason: "already_delivered" };
      return accept<PartnerEvent>({ type: "DeliveryDuplicated", data });
    }
  }

  const { circuit } = state;
  if (circuit.state === "open" && at < circuit.until)
    return { accepted: false, reason: "circuit_open", until: circuit.until };
  if (circuit.state === "half_open") return refuse("probe_in_flight");
  const started_at = new Date(at).toISOString();
  const started: PartnerEvent = {
    type: "DeliveryStarted",
    data: { ...about, ...version, attempt: attempts + 1, dedupe_key: key, started_at, sealed_request },
  };
  return circuit.state === "open"
    ? accept<PartnerEvent>({ type: "CircuitHalfOpened", data: { partner, probe: delivery_id } }, started)
    : accept<PartnerEvent>(started);
}

function keyInFlight(by: DeliveryId, state: PartnerState): PartnerDecision {
  const other = state.open.get(by);
  const until = other?.stage === "calling" ? undefined : other?.retry_at;
  return { accepted: false, reason: "key_in_flight", by, until };
}

const HOUR_MS = 3_600_000;
const windowOf = ({ dedupe }: Policy): number =>
  dedupe?.window_hours === undefined ? Number.POSITIVE_INFINITY : dedupe.window_hours * HOUR_MS;

function giveUp(command: GiveUp, state: PartnerState): PartnerDecision {
  const { partner, delivery_id, submission_id, cause, reason } = command;
  const stage = stageOf(state, delivery_id);
  if (stage === "ended") return refuse("already_ended");
  if (stage === "calling") return refuse("in_flight");
  const attempts = state.open.get(delivery_id)?.attempts ?? 0;
  const data = { partner, delivery_id, submission_id, attempts, reason, cause };
  return accept<PartnerEvent>({ type: "DeliveryDeadLettered", data });
}

function retire({ partner }: Retire, { open }: PartnerState): PartnerDecision {
  if (open.size > 0) return refuse("not_ended");
  return accept<PartnerEvent>({ type: "PartnerRetired", data: { partner } });
}
