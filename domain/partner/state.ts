import type { DeliveryId, SubmissionId } from "../ids.ts";
import { CapUse } from "./cap-use.ts";
import { type Circuit, closedCircuit, evolveCircuit } from "./circuit.ts";
import { type DeliveryEvent, type DeliveryStage, deliveryStages } from "./delivery.ts";
import type { PartnerEvent, SentFor, Waited } from "./events.ts";

// What deciding about a partner needs to know of what happened, folded from the partner's stream.

/** A delivery that has begun and not ended. */
export interface OpenDelivery {
  readonly submission_id: SubmissionId;
  readonly sent_for?: SentFor | undefined;
  readonly stage: "calling" | "waiting" | "held";
  readonly dedupe_key: string | undefined;
  readonly attempts: number;
  /** Those of the attempts that we broke off or never made: they are none of the partner's tries. */
  readonly interrupted: number;
  readonly started_at: number;
  /** While waiting: when it may be tried again, in milliseconds. */
  readonly retry_at: number;
  /** While waiting: it is in no mailbox, but has a timer. */
  readonly timer: boolean;
  /** An attempt may have been taken: it counts as taken, and no other partner may get it. */
  readonly in_doubt: boolean;
}

/** The delivery that was delivered last with a dedupe key, and when that was started. */
export interface KeyUse {
  readonly by: DeliveryId;
  readonly delivered_at: number;
}

export interface DeliveryInDoubt {
  /** Undefined where the partner was removed since: whoever has its id now begins anew. */
  readonly dedupe_key: string | undefined;
  readonly started_at: number;
}

/**
 * Changed in place, unlike other states: a partner's history is as long as its business, and copying it is no option. What has ended is
 * held for a while only: see past.ts.
 */
export interface PartnerState {
  circuit: Circuit;
  readonly open: Map<DeliveryId, OpenDelivery>;
  /** The open delivery that has a dedupe key. */
  readonly inFlight: Map<string, DeliveryId>;
  /** In the order in which they go on. */
  readonly held: Set<DeliveryId>;
  /** Dead letters of which nobody has found out yet whether the partner has them. */
  readonly inDoubt: Map<DeliveryId, DeliveryInDoubt>;
  /** By what was delivered, and by what is called or in doubt. */
  use: CapUse;
  /** How often the partner was removed and had come to its end. */
  retirements: number;
  /** Of what happened up to this revision, nothing that follows is held; below 0 all of it is. */
  pastUpTo: bigint;
  /** False once the partner has retired: it begins anew, without the keys of before. */
  hasPastKeys: boolean;
  readonly ended: Set<DeliveryId>;
  /** By dedupe key. */
  readonly delivered: Map<string, KeyUse>;
  /** Delivered, and given back. */
  readonly returned: Set<DeliveryId>;
}

export const newPartner = (): PartnerState => ({
  circuit: closedCircuit,
  open: new Map(),
  inFlight: new Map(),
  held: new Set(),
  inDoubt: new Map(),
  use: new CapUse(),
  retirements: 0,
  pastUpTo: -1n,
  hasPastKeys: true,
  ended: new Set(),
  delivered: new Map(),
  returned: new Set(),
});

/** The stream holds an event where it could not happen: no decision of ours leads there. */
class ImpossibleHistory extends Error {
  override name = "ImpossibleHistory";
}

export function stageOf(state: PartnerState, id: DeliveryId): DeliveryStage | "ended" {
  return state.ended.has(id) ? "ended" : (state.open.get(id)?.stage ?? "expected");
}

/** Undefined where it is, or was, in the partner's mailbox. */
export function waitedAs(delivery: OpenDelivery | undefined): Waited | undefined {
  if (delivery?.stage === "held") return "held";
  return delivery?.stage === "waiting" && delivery.timer ? "timer" : undefined;
}

/** Whether it counts as taken, since `started_at`. */
export const isReserved = (delivery: OpenDelivery | undefined): delivery is OpenDelivery =>
  delivery !== undefined && (delivery.stage === "calling" || delivery.in_doubt);

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
    case "DeliveryPassedOn":
    case "DeliveryDeadLettered":
      evolveDelivery(state, event);
      return state;
    case "DeliveryReturned": {
      const { delivery_id, started_at } = event.data;
      const isDelivered = state.ended.has(delivery_id) || state.pastUpTo >= 0n;
      if (!isDelivered || state.returned.has(delivery_id))
        throw new ImpossibleHistory("DeliveryReturned can't happen to a delivery that is not delivered");
      state.returned.add(delivery_id);
      state.use.add(Date.parse(started_at), -1);
      return state;
    }
    case "DeliveryReconciled":
      reconcile(state, event.data);
      return state;
    case "PartnerRetired":
      // What has ended stays known: its mail may come again.
      state.open.clear();
      state.inFlight.clear();
      state.delivered.clear();
      state.held.clear();
      for (const [id, doubt] of state.inDoubt) state.inDoubt.set(id, { ...doubt, dedupe_key: undefined });
      state.use = new CapUse();
      state.retirements += 1;
      state.hasPastKeys = false;
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
    case "held": {
      const known = state.open.get(id);
      const open = openDelivery(known, stage, event);
      state.open.set(id, open);
      if (isReserved(known)) state.use.add(known.started_at, -1);
      if (isReserved(open)) state.use.add(open.started_at, 1);
      if (stage === "held") state.held.add(id);
      else if (known?.stage === "held") state.held.delete(id);
      if (event.type === "DeliveryStarted") state.inFlight.set(event.data.dedupe_key, id);
      return;
    }
    case "delivered":
    case "duplicate":
    case "rejected":
    case "dead_lettered":
    case "passed_on":
      end(state, id, event);
      return;
    case "expected":
    case undefined:
      throw new ImpossibleHistory(`${event.type} can't happen to a delivery that is ${before}`);
  }
}

type Reconciled = Extract<PartnerEvent, { type: "DeliveryReconciled" }>["data"];

function reconcile(state: PartnerState, { delivery_id, outcome }: Reconciled): void {
  const doubt = state.inDoubt.get(delivery_id);
  if (doubt === undefined)
    throw new ImpossibleHistory("DeliveryReconciled can't happen to a delivery that is not in doubt");
  state.inDoubt.delete(delivery_id);
  const { dedupe_key, started_at: delivered_at } = doubt;
  if (outcome === "not_delivered") state.use.add(delivered_at, -1);
  else if (dedupe_key !== undefined) {
    const use = { by: delivery_id, delivered_at };
    state.delivered.set(dedupe_key, laterUse(state.delivered.get(dedupe_key), use));
    // The index may know it as one without a key.
    state.ended.add(delivery_id);
  }
}

/** Of two deliveries with the same key, the one that makes others duplicates for longer. */
export function laterUse(one: KeyUse | undefined, other: KeyUse): KeyUse;
export function laterUse(one: KeyUse | undefined, other: KeyUse | undefined): KeyUse | undefined;
export function laterUse(one: KeyUse | undefined, other: KeyUse | undefined): KeyUse | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return other.delivered_at >= one.delivered_at ? other : one;
}

function openDelivery(
  before: OpenDelivery | undefined,
  stage: OpenDelivery["stage"],
  event: DeliveryEvent,
): OpenDelivery {
  const so_far = before ?? {
    submission_id: event.data.submission_id,
    ...(event.data.sent_for !== undefined && { sent_for: event.data.sent_for }),
    dedupe_key: undefined,
    attempts: 0,
    interrupted: 0,
    started_at: 0,
    retry_at: 0,
    timer: false,
    in_doubt: false,
  };
  if (event.type === "DeliveryStarted") {
    const { dedupe_key, attempt: attempts } = event.data;
    const started_at = Date.parse(event.data.started_at);
    return { ...so_far, stage, dedupe_key, attempts, started_at, retry_at: 0 };
  }
  if (event.type !== "DeliveryFailed") return { ...so_far, stage };
  const interrupted = so_far.interrupted + (event.data.interrupted ? 1 : 0);
  const in_doubt = so_far.in_doubt || event.data.in_doubt === true;
  const timer = event.data.timer === true;
  return { ...so_far, stage, interrupted, retry_at: Date.parse(event.data.retry_at), timer, in_doubt };
}

function end(state: PartnerState, id: DeliveryId, event: DeliveryEvent): void {
  const delivery = state.open.get(id);
  state.open.delete(id);
  state.ended.add(id);
  if (delivery?.stage === "held") state.held.delete(id);
  if (event.type === "DeliveryDeadLettered" && event.data.cause === "outcome_unknown")
    state.inDoubt.set(id, { dedupe_key: delivery?.dedupe_key, started_at: delivery?.started_at ?? 0 });
  if (isReserved(delivery) && !mayHaveIt(delivery, event)) state.use.add(delivery.started_at, -1);
  const key = delivery?.dedupe_key;
  if (delivery === undefined || key === undefined || state.inFlight.get(key) !== id) return;
  state.inFlight.delete(key);
  // A partner that calls it a duplicate has it just as well as one that took it.
  const has = event.type === "DeliverySucceeded" || event.type === "DeliveryDuplicated";
  if (!has) return;
  const use = { by: id, delivered_at: delivery.started_at };
  state.delivered.set(key, laterUse(state.delivered.get(key), use));
}

/** What was in doubt once stays counted, however it ends: nobody knows better any more. */
const mayHaveIt = ({ in_doubt }: OpenDelivery, event: DeliveryEvent): boolean =>
  in_doubt ||
  event.type === "DeliverySucceeded" ||
  (event.type === "DeliveryDeadLettered" && event.data.in_doubt === true);
