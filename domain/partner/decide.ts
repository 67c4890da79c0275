import { accept, type Decider, refuse } from "../decider.ts";
import type { DeliveryId } from "../ids.ts";
import { closedBy, isLimited } from "./capacity.ts";
import {
  aboutOf,
  type GiveUp,
  type PartnerCommand,
  type PartnerDecision,
  type Policy,
  type ReconcileDelivery,
  type Retire,
  type ReturnDelivery,
  type StartAttempt,
} from "./command.ts";
import type { PartnerEvent, Waited } from "./events.ts";
import { NO_PAST, pastFor } from "./past.ts";
import { recordOutcome } from "./record-outcome.ts";
import {
  evolve,
  isReserved,
  laterUse,
  newPartner,
  type OpenDelivery,
  type PartnerState,
  stageOf,
  waitedAs,
} from "./state.ts";

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
      case "return_delivery":
        return returnDelivery(command, state);
      case "reconcile_delivery":
        return reconcileDelivery(command, state);
    }
  },
};

function startAttempt(command: StartAttempt, state: PartnerState): PartnerDecision {
  const { partner, delivery_id, dedupe_key, sealed_request, policy, at } = command;
  const stage = stageOf(state, delivery_id);
  if (stage === "ended") return refuse("already_ended");
  if (stage === "calling") return refuse("in_flight");
  const known = state.open.get(delivery_id);
  if (known !== undefined && known.retry_at > at)
    return { accepted: false, reason: "not_yet", until: known.retry_at, timer: known.timer };

  const past = known?.dedupe_key === undefined ? pastFor(state, command.past) : NO_PAST;
  if (past === undefined) return refuse("past_unknown");
  if (known === undefined && past.ended) return refuse("already_ended");

  const about = aboutOf(command);
  const version = command.config_version === undefined ? {} : { config_version: command.config_version };
  const attempts = known?.attempts ?? 0;
  const waited = waitedOf(known);
  // It was in doubt while the partner was said to recognise repeats, and is not said to any more.
  if (known?.in_doubt && !policy.idempotent) {
    const cause = { reason: "not_idempotent", cause: "outcome_unknown", in_doubt: true } as const;
    return accept<PartnerEvent>({
      type: "DeliveryDeadLettered",
      data: { ...about, attempts, ...cause, ...waited },
    });
  }
  // A delivery keeps the key it began with, whatever the configuration says by now.
  const key = known?.dedupe_key ?? dedupe_key;
  const rival = state.inFlight.get(key);
  if (rival !== undefined && rival !== delivery_id) return keyInFlight(rival, state);
  const pastUse = state.hasPastKeys ? past.key : undefined;
  const use = rival === undefined ? laterUse(pastUse, state.delivered.get(key)) : undefined;
  if (use !== undefined && use.by !== delivery_id && at - use.delivered_at < windowOf(policy)) {
    const data = { ...about, ...version, attempts, of: use.by, reason: "already_delivered", ...waited };
    return accept<PartnerEvent>({ type: "DeliveryDuplicated", data });
  }

  if (isKeyInDoubt(key, command, state)) {
    const data = { ...about, attempts, reason: "same_key_in_doubt", ...waited };
    return accept<PartnerEvent>({ type: "DeliveryDeadLettered", data: { ...data, cause: "dedupe_failed" } });
  }

  const keptBack = isLimited(policy) ? keepBack(command, state) : undefined;
  if (keptBack !== undefined) return keptBack;

  const { circuit } = state;
  if (circuit.state === "open" && at < circuit.until)
    return { accepted: false, reason: "circuit_open", until: circuit.until };
  if (circuit.state === "half_open") return refuse("probe_in_flight");
  const started_at = new Date(at).toISOString();
  const started: PartnerEvent = {
    type: "DeliveryStarted",
    data: {
      ...about,
      ...version,
      attempt: attempts + 1,
      dedupe_key: key,
      started_at,
      sealed_request,
      ...waited,
    },
  };
  return circuit.state === "open"
    ? accept<PartnerEvent>({ type: "CircuitHalfOpened", data: { partner, probe: delivery_id } }, started)
    : accept<PartnerEvent>(started);
}

const waitedOf = (known: OpenDelivery | undefined): { readonly waited?: Waited } => {
  const waited = waitedAs(known);
  return waited === undefined ? {} : { waited };
};

/** By caps or schedule: it is held, or goes on; undefined where it may be called. */
function keepBack(command: StartAttempt, state: PartnerState): PartnerDecision | undefined {
  const { delivery_id, policy, at, has_next = false } = command;
  const known = state.open.get(delivery_id);
  // What is held came first, and has a claim to what room there is.
  const waiting = state.held.has(delivery_id) ? 0 : state.held.size;
  const own = isReserved(known) ? known.started_at : undefined;
  const closed = closedBy(policy, state.use, at, { waiting, own });
  if (closed === undefined) return undefined;
  const { reason, until, otherwise } = closed;
  const attempts = known?.attempts ?? 0;
  const data = { ...aboutOf(command), attempts, reason, ...waitedOf(known) };
  // Where this partner may have it, no other may get it.
  if (has_next && otherwise !== "hold" && !known?.in_doubt)
    return accept<PartnerEvent>({ type: "DeliveryPassedOn", data });
  if (known?.stage === "held") return refuse("held");
  const opens = until === undefined ? {} : { until: new Date(until).toISOString() };
  return accept<PartnerEvent>({ type: "DeliveryHeld", data: { ...data, ...opens } });
}

function keyInFlight(by: DeliveryId, state: PartnerState): PartnerDecision {
  const other = state.open.get(by);
  const until = other?.stage === "calling" ? undefined : other?.retry_at;
  return { accepted: false, reason: "key_in_flight", by, until };
}

/** Nobody has found out yet whether the partner has another with the same key: this one may be its second. */
function isKeyInDoubt(key: string, { policy, at }: StartAttempt, { inDoubt }: PartnerState): boolean {
  for (const { dedupe_key, started_at } of inDoubt.values())
    if (dedupe_key === key && at - started_at < windowOf(policy)) return true;
  return false;
}

const HOUR_MS = 3_600_000;
const windowOf = ({ dedupe }: Policy): number =>
  dedupe?.window_hours === undefined ? Number.POSITIVE_INFINITY : dedupe.window_hours * HOUR_MS;

function giveUp(command: GiveUp, state: PartnerState): PartnerDecision {
  const { delivery_id, cause, reason } = command;
  const stage = stageOf(state, delivery_id);
  if (stage === "ended") return refuse("already_ended");
  if (stage === "calling") return refuse("in_flight");
  const known = state.open.get(delivery_id);
  const past = known === undefined ? pastFor(state, command.past) : NO_PAST;
  if (past === undefined) return refuse("past_unknown");
  if (past.ended) return refuse("already_ended");
  const attempts = known?.attempts ?? 0;
  const in_doubt = known?.in_doubt ? { in_doubt: true as const } : {};
  const data = {
    ...aboutOf(command),
    attempts,
    reason,
    cause,
    ...in_doubt,
    ...waitedOf(known),
  };
  return accept<PartnerEvent>({ type: "DeliveryDeadLettered", data });
}

function retire({ partner }: Retire, { open }: PartnerState): PartnerDecision {
  if (open.size > 0) return refuse("not_ended");
  return accept<PartnerEvent>({ type: "PartnerRetired", data: { partner } });
}

function returnDelivery(command: ReturnDelivery, state: PartnerState): PartnerDecision {
  const { type: _, past: given, started_at, price, ...about } = command;
  const isHeld = state.ended.has(command.delivery_id);
  const past = isHeld ? NO_PAST : pastFor(state, given);
  if (past === undefined) return refuse("past_unknown");
  if (!isHeld && !past.ended) return refuse("not_delivered");
  if (state.returned.has(command.delivery_id) || past.returned) return refuse("already_returned");
  const data = {
    ...about,
    started_at: new Date(started_at).toISOString(),
    ...(price !== undefined && { price }),
  };
  return accept<PartnerEvent>({ type: "DeliveryReturned", data });
}

function reconcileDelivery(command: ReconcileDelivery, state: PartnerState): PartnerDecision {
  const { type: _, price, ...data } = command;
  if (!state.inDoubt.has(command.delivery_id)) return refuse("not_in_doubt");
  const paid = price !== undefined && command.outcome === "delivered" ? { price } : {};
  return accept<PartnerEvent>({ type: "DeliveryReconciled", data: { ...data, ...paid } });
}
