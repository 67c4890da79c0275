import { accept, type Decider, type Decision, refuse } from "../decider.ts";
import type { Sealed } from "../event.ts";
import type { DeliveryId, PartnerId, RuleId } from "../ids.ts";
import type { PartnerEvent } from "../partner/events.ts";
import type { Decided, Route, Stage, SubmissionEvent } from "./events.ts";
import { nextStatus } from "./machine.ts";
import { evolve, type SubmissionState } from "./state.ts";

/** Why the partner does not have it, in the words of the partner's actor: there is something to decide. */
export type Outcome = Extract<
  PartnerEvent,
  { type: "DeliveryRejected" | "DeliveryPassedOn" | "DeliveryDeadLettered" }
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
      readonly decided: Decided;
    }
  | {
      readonly partners: null;
      readonly reason: string;
      readonly version: number;
      readonly decided: Decided;
    };

/** Names the delivery of a leg: the same leg always gets the same id. */
export type DeliveryIds = (partner: PartnerId, leg: number) => DeliveryId;

export type SubmissionCommand =
  /** It is known who it is about, and nearly always where it goes. `sealed` is the payload under the person's key. */
  | {
      readonly type: "identify";
      readonly person: Identified;
      readonly sealed: Sealed;
      readonly routing?: Routing;
      readonly deliveryId: DeliveryIds;
    }
  /** Where it goes, known later than who it is about. */
  | {
      readonly type: "route";
      readonly routing: Routing;
      /** The payload with what the rules were told, where that is not what was sealed when it was identified. */
      readonly sealed?: Sealed;
      readonly deliveryId: DeliveryIds;
    }
  | { readonly type: "record_outcome"; readonly outcome: Outcome; readonly deliveryId: DeliveryIds }
  /** Tried as often as is allowed. */
  | {
      readonly type: "dead_letter";
      readonly stage: Stage;
      readonly reason: string;
      readonly attempts: number;
    }
  /** Fetched back from the dead letters by an operator. No API issues it yet; what follows from it works. */
  | { readonly type: "redrive" }
  /** What was fetched back for delivery goes to the same partner once more. */
  | { readonly type: "deliver_again"; readonly deliveryId: DeliveryIds };

export type SubmissionRefusal =
  | "unknown_submission"
  | "already_identified"
  | "not_to_be_routed"
  /** A partner may have it: what becomes of it is for that partner's outcome to say. */
  | "already_routed"
  /** The outcome of a leg that is over. */
  | "another_leg"
  | "already_ended"
  | "not_dead_lettered"
  | "nothing_to_deliver";

type Made = Decision<SubmissionEvent, SubmissionRefusal>;

export const submissionDecider: Decider<SubmissionState | undefined, SubmissionCommand, Made> = {
  initial: undefined,
  evolve,
  decide,
};

function decide(command: SubmissionCommand, state: SubmissionState | undefined): Made {
  if (state === undefined) return refuse("unknown_submission");
  switch (command.type) {
    case "identify":
      return state.status === "received" ? identify(command, state) : refuse("already_identified");
    case "route":
      return state.status === "identified" ? accept(firstLeg(command, state)) : refuse("not_to_be_routed");
    case "record_outcome":
      return recordOutcome(command.outcome, state, command.deliveryId);
    case "dead_letter":
      return deadLetter(command, state);
    case "redrive":
      return state.status === "dead_lettered" && state.dead !== undefined
        ? accept({ type: "SubmissionRedriven", data: { submission_id: state.id, ...state.dead } })
        : refuse("not_dead_lettered");
    case "deliver_again":
      return deliverAgain(state, command.deliveryId);
  }
}

function identify(
  { person, sealed, routing, deliveryId }: Extract<SubmissionCommand, { type: "identify" }>,
  state: SubmissionState,
): Made {
  const identified: SubmissionEvent = {
    type: "PersonIdentified",
    data: { submission_id: state.id, ...person, sealed },
  };
  if (routing === undefined) return accept(identified);
  return accept(identified, firstLeg({ routing, deliveryId }, evolve(state, identified)));
}

type FirstLeg = Pick<Extract<SubmissionCommand, { type: "route" }>, "routing" | "sealed" | "deliveryId">;

function firstLeg({ routing, sealed, deliveryId }: FirstLeg, state: SubmissionState): SubmissionEvent {
  const { version: ruleset_version, decided } = routing;
  const toldNow = sealed === undefined ? {} : { sealed };
  if (routing.partners === null) {
    const { reason } = routing;
    const data = { submission_id: state.id, reason, ruleset_version, decided, ...toldNow };
    return { type: "SubmissionUnrouted", data };
  }
  const { partners, rule } = routing;
  const [partner, ...remaining] = partners;
  // A submission that was routed before goes on counting: its earlier deliveries keep their own ids.
  const leg = (state.route?.leg ?? 0) + 1;
  const delivery_id = deliveryId(partner, leg);
  const route = { partner, delivery_id, leg, remaining, rule, ruleset_version };
  return routed({ ...state, ...toldNow }, route, decided);
}

function deadLetter(
  { stage, reason, attempts }: Extract<SubmissionCommand, { type: "dead_letter" }>,
  state: SubmissionState,
): Made {
  if (state.status === "queued" && state.dead === undefined) return refuse("already_routed");
  const data = { submission_id: state.id, stage, reason, attempts };
  const deadLettered = { type: "SubmissionDeadLettered", data } as const;
  return nextStatus(state.status, deadLettered) ? accept(deadLettered) : refuse("already_ended");
}

function recordOutcome(outcome: Outcome, state: SubmissionState, deliveryId: DeliveryIds): Made {
  const { route } = state;
  if (route === undefined || route.delivery_id !== outcome.data.delivery_id) return refuse("another_leg");
  if (state.status !== "queued" || state.dead !== undefined) return refuse("already_ended");
  const { partner, delivery_id } = route;
  const about = { submission_id: state.id, partner };
  switch (outcome.type) {
    case "DeliveryRejected": {
      const { attempt: attempts, reason } = outcome.data;
      return (
        nextLeg(state, route, deliveryId) ??
        accept({ type: "SubmissionRejected", data: { ...about, delivery_id, attempts, reason } })
      );
    }
    case "DeliveryPassedOn": {
      const { attempts, reason } = outcome.data;
      return (
        nextLeg(state, route, deliveryId) ??
        accept({ type: "SubmissionRejected", data: { ...about, delivery_id, attempts, reason } })
      );
    }
    case "DeliveryDeadLettered": {
      const { attempts, reason } = outcome.data;
      const next = mayGoOn(outcome.data) ? nextLeg(state, route, deliveryId) : undefined;
      return (
        next ??
        accept({ type: "SubmissionDeadLettered", data: { ...about, stage: "deliver", attempts, reason } })
      );
    }
  }
}

type DeadLettered = Extract<Outcome, { type: "DeliveryDeadLettered" }>["data"];

/** Whether the next partner of the waterfall may get what ended as a dead letter here: see docs/decisions/0085. */
function mayGoOn({ cause, attempts }: DeadLettered): boolean {
  switch (cause) {
    // Also where the last tries were in doubt: only a partner that recognises repeats has more than one of those, and a person can ask
    // it by the id that it knows.
    case "retries_exhausted":
      return true;
    // Nobody knows whether it has it, and no repeat can find out: a person has to say so first.
    case "outcome_unknown":
      return false;
    case "partner_removed":
      return attempts === 0;
    case "drained":
    case "forgotten":
    case "poison":
    case "dedupe_failed":
      return false;
  }
}

function nextLeg(state: SubmissionState, route: Route, deliveryId: DeliveryIds): Made | undefined {
  const [partner, ...remaining] = route.remaining;
  if (partner === undefined) return undefined;
  const leg = route.leg + 1;
  return accept(routed(state, { ...route, partner, delivery_id: deliveryId(partner, leg), leg, remaining }));
}

function deliverAgain(state: SubmissionState, deliveryId: DeliveryIds): Made {
  const { route, dead } = state;
  if (state.status !== "queued" || dead?.stage !== "deliver" || route === undefined) {
    return refuse("nothing_to_deliver");
  }
  const leg = route.leg + 1;
  return accept(routed(state, { ...route, leg, delivery_id: deliveryId(route.partner, leg) }));
}

function routed(state: SubmissionState, route: Route, decided?: Decided): SubmissionEvent {
  const { id: submission_id, kind, source, received_at, key_fingerprint, sealed, person_id } = state;
  const about = { submission_id, kind, source, received_at, key_fingerprint };
  return {
    type: "SubmissionRouted",
    data: {
      ...about,
      ...(person_id !== undefined && { person_id }),
      route,
      sealed,
      ...(decided !== undefined && { decided }),
    },
  };
}
