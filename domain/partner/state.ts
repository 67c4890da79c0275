import type { DeliveryId, SubmissionId } from "../ids.ts";
import { type Circuit, closedCircuit, evolveCircuit } from "./circuit.ts";
import { type DeliveryEvent, type DeliveryStage, deliveryStages } from "./delivery.ts";
import type { PartnerEvent } from "./events.ts";

// What deciding about a partner needs to know of what happened, folded from the partner's stream.

/** A delivery that has begun and not ended. */
export interface OpenDelivery {
  readonly submission_id: SubmissionId;
  readonly stage: "calling" | "waiting" | "held";
  readonly dedupe_key: string | undefined;
  readonly attempts: number;
  /** Those of the attempts that we broke off or never made: they are none of the partner's tries. */
  readonly interrupted: number;
  readonly started_at: number;
  /** While waiting: when it may be tried again, in milliseconds. */
  readonly retry_at: number;
}

export interface KeyUse {
  readonly by: DeliveryId;
  /** When the delivery that succeeded was started; undefined while it is open. */
  readonly delivered_at: number | undefined;
}

/** Changed in place, unlike other states: a partner's history is as long as its business, and copying it is no option. */
export interface PartnerState {
  circuit: Circuit;
  readonly open: Map<DeliveryId, OpenDelivery>;
  readonly ended: Set<DeliveryId>;
  /** By dedupe key. */
  readonly keys: Map<string, KeyUse>;
}

export const newPartner = (): PartnerState => ({
  circuit: closedCircuit,
  open: new Map(),
  ended: new Set(),
  keys: new Map(),
});

/** The stream holds an event where it could not happen: no decision of ours leads there. */
class ImpossibleHistory extends Error {
  override name = "ImpossibleHistory";
}

export function stageOf(state: PartnerState, id: DeliveryId): DeliveryStage | "ended" {
  return state.ended.has(id) ? "ended" : (state.open.get(id)?.stage ?? "expected");
}

export function evolve(state: PartnerState, event: PartnerEvent): PartnerState {
  state.circuit = evolveCircuit(state.circuit, event);
  switch (event.type) {
    case "CircuitOpened":
    case "CircuitHalfOpened":
    case "CircuitClosed":
      return state;
    case "DeliveryStarted":
    case "DeliverySucceeded":
    case "DeliveryFailed":
    case "DeliveryRejected":
    case "DeliveryDuplicated":
    case "DeliveryHeld":
    case "DeliveryDeadLettered":
      evolveDelivery(state, event);
      return state;
    case "PartnerRetired":
      // What has ended stays known: its mail may come again.
      state.open.clear();
      state.keys.clear();
      return state;
  }
}

function evolveDelivery(state: PartnerState, event: DeliveryEvent): void {
  const id = event.data.delivery_id;
  const before = stageOf(state, id);
  const stage = before === "ended" ? undefined : deliveryStages.next(before, event);
  switch (stage) {
    case "calling":
    case "waiting":
    case "held":
      state.open.set(id, openDelivery(state.open.get(id), stage, event));
      if (event.type === "DeliveryStarted")
        state.keys.set(event.data.dedupe_key, { by: id, delivered_at: undefined });
      return;
    case "delivered":
    case "duplicate":
    case "rejected":
    case "dead_lettered":
      end(state, id, event);
      return;
    case "expected":
    case undefined:
      throw new ImpossibleHistory(`${event.type} can't happen to a delivery that is ${before}`);
  }
}

function openDelivery(
  before: OpenDelivery | undefined,
  stage: OpenDelivery["stage"],
  event: DeliveryEvent,
): OpenDelivery {
  const so_far = before ?? {
    submission_id: event.data.submission_id,
    dedupe_key: undefined,
    attempts: 0,
    interrupted: 0,
    started_at: 0,
    retry_at: 0,
  };
  if (event.type === "DeliveryStarted") {
    const { dedupe_key, attempt: attempts } = event.data;
    const started_at = Date.parse(event.data.started_at);
    return { ...so_far, stage, dedupe_key, attempts, started_at, retry_at: 0 };
  }
  if (event.type !== "DeliveryFailed") return { ...so_far, stage };
  const interrupted = so_far.interrupted + (event.data.interrupted ? 1 : 0);
  return { ...so_far, stage, interrupted, retry_at: Date.parse(event.data.retry_at) };
}

function end(state: PartnerState, id: DeliveryId, event: DeliveryEvent): void {
  const delivery = state.open.get(id);
  state.open.delete(id);
  state.ended.add(id);
  const key = delivery?.dedupe_key;
  if (delivery === undefined || key === undefined || state.keys.get(key)?.by !== id) return;
  // A partner that calls it a duplicate has it just as well as one that took it.
  const has = event.type === "DeliverySucceeded" || event.type === "DeliveryDuplicated";
  if (has) state.keys.set(key, { by: id, delivered_at: delivery.started_at });
  else state.keys.delete(key);
}
