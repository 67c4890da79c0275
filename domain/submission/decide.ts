import { accept, type Decision, refuse } from "../decider.ts";
import type { Sealed } from "../event.ts";
import type { DeliveryId, PartnerId, RuleId, SubmissionId } from "../ids.ts";
import type { PartnerEvent } from "../partner/events.ts";
import type { Route, Stage, SubmissionEvent } from "./events.ts";
import { evolve, type SubmissionState } from "./fold.ts";
import { nextStatus } from "./machine.ts";

/** The partner's last word about a delivery. */
export type Outcome = Extract<
  PartnerEvent,
  { type: "DeliverySucceeded" | "DeliveryRejected" | "DeliveryDuplicated" | "DeliveryDeadLettered" }
>;

type Identified = Omit<
  Extract<SubmissionEvent, { type: "PersonIdentified" }>["data"],
  "submission_id" | "sealed"
>;

/** Where the rules send it: partners in the order in which they are asked, or nowhere for a reason. */
export type Routing =
  | {
      readonly partners: readonly [PartnerId, ...PartnerId[]];
      readonly rule: RuleId;
      readonly version: number;
    }
  | { readonly partners: null; readonly reason: string; readonly version: number };

export type Command =
  /** It is known who it is about. `sealed` is the payload under the person's key. */
  | { readonly type: "identify"; readonly person: Identified; readonly sealed: Sealed }
  /** … and where it goes: the usual case, both at once. */
  | {
      readonly type: "settle";
      readonly person: Identified;
      readonly sealed: Sealed;
      readonly routing: Routing;
    }
  /** Where it goes, known later than who it is about. */
  | { readonly type: "route"; readonly routing: Routing }
  /** The partner has spoken. */
  | { readonly type: "conclude"; readonly outcome: Outcome }
  /** Tried as often as is allowed. */
  | { readonly type: "give_up"; readonly stage: Stage; readonly reason: string; readonly attempts: number }
  /** Fetched back from the dead letters by an operator. */
  | { readonly type: "redrive" }
  /** What was fetched back for delivery goes to the same partner once more. */
  | { readonly type: "deliver_again" };

export type Refusal =
  | "unknown_submission"
  | "already_identified"
  | "not_to_be_routed"
  /** The outcome of a leg that is over. */
  | "another_leg"
  | "already_ended"
  | "not_dead_lettered"
  | "nothing_to_deliver";

/** The same leg always gives the same id. */
export type DeliveryIds = (submission: SubmissionId, partner: PartnerId, leg: number) => DeliveryId;

type Verdict = Decision<SubmissionEvent, Refusal>;

export function decide(
  command: Command,
  state: SubmissionState | undefined,
  deliveryId: DeliveryIds,
): Verdict {
  if (state === undefined) return refuse("unknown_submission");
  switch (command.type) {
    case "identify":
      return state.status === "received" ? accept(identified(command, state)) : refuse("already_identified");
    case "settle": {
      if (state.status !== "received") return refuse("already_identified");
      const first = identified(command, state);
      return accept(first, routedBy(command.routing, evolve(state, first), deliveryId));
    }
    case "route":
      return state.status === "identified"
        ? accept(routedBy(command.routing, state, deliveryId))
        : refuse("not_to_be_routed");
    case "conclude":
      return conclude(command.outcome, state, deliveryId);
    case "give_up":
      return giveUp(command, state);
    case "redrive":
      return state.status === "dead_lettered" && state.dead !== undefined
        ? accept({ type: "SubmissionRedriven", data: { submission_id: state.id, ...state.dead } })
        : refuse("not_dead_lettered");
    case "deliver_again":
      return deliverAgain(state, deliveryId);
  }
}

function identified(
  { person, sealed }: { readonly person: Identified; readonly sealed: Sealed },
  state: SubmissionState,
): SubmissionEvent {
  return { type: "PersonIdentified", data: { submission_id: state.id, ...person, sealed } };
}

function routedBy(routing: Routing, state: SubmissionState, deliveryId: DeliveryIds): SubmissionEvent {
  if (routing.partners === null) {
    const { reason, version: ruleset_version } = routing;
    return { type: "SubmissionUnrouted", data: { submission_id: state.id, reason, ruleset_version } };
  }
  const { partners, rule, version: ruleset_version } = routing;
  const [partner, ...remaining] = partners;
  // A submission that was routed before goes on counting: its earlier deliveries keep their own ids.
  const leg = (state.route?.leg ?? 0) + 1;
  const delivery_id = deliveryId(state.id, partner, leg);
  return routed(state, { partner, delivery_id, leg, remaining, rule, ruleset_version });
}

function giveUp(
  { stage, reason, attempts }: Extract<Command, { type: "give_up" }>,
  state: SubmissionState,
): Verdict {
  const data = { submission_id: state.id, stage, reason, attempts };
  const deadLettered = { type: "SubmissionDeadLettered", data } as const;
  return nextStatus(state.status, deadLettered) ? accept(deadLettered) : refuse("already_ended");
}

function conclude(outcome: Outcome, state: SubmissionState, deliveryId: DeliveryIds): Verdict {
  const { route } = state;
  if (route === undefined || route.delivery_id !== outcome.data.delivery_id) return refuse("another_leg");
  if (state.status !== "queued" || state.dead !== undefined) return refuse("already_ended");
  const { partner, delivery_id } = route;
  const about = { submission_id: state.id, partner };
  switch (outcome.type) {
    case "DeliverySucceeded": {
      const { attempt: attempts, price, reason } = outcome.data;
      const told = { ...(price !== undefined && { price }), ...(reason !== undefined && { reason }) };
      return accept({ type: "SubmissionDelivered", data: { ...about, delivery_id, attempts, ...told } });
    }
    case "DeliveryDuplicated": {
      const { attempts, reason } = outcome.data;
      return accept({ type: "SubmissionDuplicate", data: { ...about, delivery_id, attempts, reason } });
    }
    case "DeliveryRejected": {
      const { attempt: attempts, reason } = outcome.data;
      return (
        nextLeg(state, route, deliveryId) ??
        accept({ type: "SubmissionRejected", data: { ...about, delivery_id, attempts, reason } })
      );
    }
    case "DeliveryDeadLettered": {
      const { attempts, reason, cause } = outcome.data;
      // A partner that may have got it must not be followed by another: that would be two effects.
      const certainlyNot = cause === "retries_exhausted" || (cause === "partner_removed" && attempts === 0);
      const next = certainlyNot ? nextLeg(state, route, deliveryId) : undefined;
      return (
        next ??
        accept({ type: "SubmissionDeadLettered", data: { ...about, stage: "deliver", attempts, reason } })
      );
    }
  }
}

function nextLeg(state: SubmissionState, route: Route, deliveryId: DeliveryIds): Verdict | undefined {
  const [partner, ...remaining] = route.remaining;
  if (partner === undefined) return undefined;
  const leg = route.leg + 1;
  const delivery_id = deliveryId(state.id, partner, leg);
  return accept(routed(state, { ...route, partner, delivery_id, leg, remaining }));
}

function deliverAgain(state: SubmissionState, deliveryId: DeliveryIds): Verdict {
  const { route, dead } = state;
  if (state.status !== "queued" || dead?.stage !== "deliver" || route === undefined) {
    return refuse("nothing_to_deliver");
  }
  const leg = route.leg + 1;
  return accept(routed(state, { ...route, leg, delivery_id: deliveryId(state.id, route.partner, leg) }));
}

function routed(state: SubmissionState, route: Route): SubmissionEvent {
  const { id: submission_id, kind, source, received_at, key_fingerprint, sealed, person_id } = state;
  const about = { submission_id, kind, source, received_at, key_fingerprint };
  return {
    type: "SubmissionRouted",
    data: { ...about, ...(person_id !== undefined && { person_id }), route, sealed },
  };
}
