import { accept, type Decider, type Decision, refuse } from "../decider.ts";
import type { Sealed } from "../event.ts";
import type { DeliveryId, PartnerId, RuleId } from "../ids.ts";
import type { PartnerEvent } from "../partner/events.ts";
import type { Decided, Route, Stage, SubmissionEvent } from "./events.ts";
import { nextStatus } from "./machine.ts";
import { mayGoOn } from "./may-go-on.ts";
import { evolve, type SubmissionState } from "./state.ts";

/** Why the partner does not have it, or what was found out about that, in the words of its actor: there is something to decide. */
export type Outcome = Extract<
  PartnerEvent,
  { type: "DeliveryRejected" | "DeliveryPassedOn" | "DeliveryDeadLettered" | "DeliveryReconciled" }
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
  /** `isOpen`: whether a partner takes submissions now. */
  | {
      readonly type: "record_outcome";
      readonly outcome: Outcome;
      readonly isOpen: (partner: PartnerId) => boolean;
      readonly deliveryId: DeliveryIds;
    }
  /** Tried as often as is allowed. */
  | {
      readonly type: "dead_letter";
      readonly stage: Stage;
      readonly reason: string;
      readonly attempts: number;
    }
  /** Fetched back from the dead letters by an operator. */
  | { readonly type: "redrive" }
  /** The same with a payload that was put right, also of what its partner declined. */
  | { readonly type: "correct"; readonly sealed: Sealed; readonly reason?: string | undefined }
  /** Nothing more is done about a dead letter. */
  | { readonly type: "discard"; readonly reason: string }
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
  /** Its partner may have it, and nobody has said yet whether it does. */
  | "outcome_unknown"
  /** Its partner may have it as it was, or nothing in it was declined. */
  | "not_to_be_corrected"
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
      return recordOutcome(command, state);
    case "dead_letter":
      return deadLetter(command, state);
    case "redrive":
      return redrive(state);
    case "correct":
      return correct(command, state);
    case "discard": {
      if (state.status !== "dead_lettered" || state.dead === undefined) return refuse("not_dead_lettered");
      const data = { submission_id: state.id, ...placeOf(state.dead), reason: command.reason };
      return accept({ type: "SubmissionDiscarded", data });
    }
    case "deliver_again":
      return deliverAgain(state, command.deliveryId);
  }
}

function identify(
  { person, sealed, routing, deliveryId }: Extract<SubmissionCommand, { type: "identify" }>,
  state: SubmissionState,
): Made {
  const data = { submission_id: state.id, ...person };
  const withPayload: SubmissionEvent = { type: "PersonIdentified", data: { ...data, sealed } };
  if (routing === undefined) return accept(withPayload);
  const next = firstLeg({ routing, deliveryId }, evolve(state, withPayload));
  // Within one append the payload stands once.
  const identified: SubmissionEvent = { type: "PersonIdentified", data };
  return accept(next.type === "SubmissionRouted" ? identified : withPayload, next);
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

type Dead = NonNullable<SubmissionState["dead"]>;

const placeOf = ({ stage, partner }: Dead) => ({ stage, ...(partner !== undefined && { partner }) });

function redrive({ id: submission_id, status, dead }: SubmissionState): Made {
  if (status !== "dead_lettered" || dead === undefined) return refuse("not_dead_lettered");
  if (dead.cause === "outcome_unknown") return refuse("outcome_unknown");
  return accept({ type: "SubmissionRedriven", data: { submission_id, ...placeOf(dead) } });
}

/** Of what was never sent, whatever it was that could not be sent. */
const NEVER_SENT: ReadonlySet<string | undefined> = new Set(["poison", "dedupe_failed"]);

function correct(
  { sealed, reason }: Extract<SubmissionCommand, { type: "correct" }>,
  state: SubmissionState,
): Made {
  const { id: submission_id, status, dead, route } = state;
  const because = reason === undefined ? {} : { reason };
  const corrected: SubmissionEvent = {
    type: "SubmissionCorrected",
    data: { submission_id, sealed, ...because },
  };
  const fetchedBack = (data: Omit<Dead, "cause">): Made =>
    accept<SubmissionEvent>(corrected, { type: "SubmissionRedriven", data: { submission_id, ...data } });
  // One that was discarded is rejected too, and has nobody who declined it.
  if (status === "rejected" && dead === undefined && route !== undefined)
    return fetchedBack({ stage: "deliver", partner: route.partner });
  if (status !== "dead_lettered" || dead === undefined) return refuse("not_dead_lettered");
  const isSafe = dead.stage !== "deliver" || NEVER_SENT.has(dead.cause);
  return isSafe ? fetchedBack(placeOf(dead)) : refuse("not_to_be_corrected");
}

/** Its actor has recorded it already: no other outcome of this delivery can follow. */
function reconcile({ data }: Extract<Outcome, { type: "DeliveryReconciled" }>, state: SubmissionState): Made {
  if (state.status !== "dead_lettered" || state.dead?.cause !== "outcome_unknown")
    return refuse("already_ended");
  return accept({ type: "SubmissionReconciled", data });
}

type RecordOutcome = Extract<SubmissionCommand, { type: "record_outcome" }>;

function recordOutcome({ outcome, isOpen, deliveryId }: RecordOutcome, state: SubmissionState): Made {
  const { route } = state;
  if (route === undefined || route.delivery_id !== outcome.data.delivery_id) return refuse("another_leg");
  if (outcome.type === "DeliveryReconciled") return reconcile(outcome, state);
  if (state.status !== "queued" || state.dead !== undefined) return refuse("already_ended");
  const { partner, delivery_id } = route;
  const about = { submission_id: state.id, partner };
  const open = route.remaining.findIndex(isOpen);
  switch (outcome.type) {
    case "DeliveryRejected": {
      const { attempt: attempts, reason, sealed_reason } = outcome.data;
      const why = { reason, ...(sealed_reason && { sealed_reason }) };
      return (
        nextLeg(state, route, open, deliveryId) ??
        accept({ type: "SubmissionRejected", data: { ...about, delivery_id, attempts, ...why } })
      );
    }
    case "DeliveryPassedOn": {
      const { attempts, reason } = outcome.data;
      // One was open when it was passed on. Where none is any more, it waits in the mailbox of the next.
      return (
        nextLeg(state, route, Math.max(0, open), deliveryId) ??
        accept({ type: "SubmissionRejected", data: { ...about, delivery_id, attempts, reason } })
      );
    }
    case "DeliveryDeadLettered": {
      const { attempts, reason, cause } = outcome.data;
      const next = mayGoOn(outcome.data) ? nextLeg(state, route, open, deliveryId) : undefined;
      return (
        next ??
        accept({
          type: "SubmissionDeadLettered",
          data: { ...about, stage: "deliver", attempts, reason, cause },
        })
      );
    }
  }
}

/** To the `nth` of those that remain; those before it are passed over. */
function nextLeg(
  state: SubmissionState,
  route: Route,
  nth: number,
  deliveryId: DeliveryIds,
): Made | undefined {
  const { sent_as: _, ...rest } = route;
  const partner = route.remaining[nth];
  if (partner === undefined) return undefined;
  const remaining = route.remaining.slice(nth + 1);
  const leg = route.leg + 1;
  return accept(routed(state, { ...rest, partner, delivery_id: deliveryId(partner, leg), leg, remaining }));
}

function deliverAgain(state: SubmissionState, deliveryId: DeliveryIds): Made {
  const { route, dead } = state;
  if (state.status !== "queued" || dead?.stage !== "deliver" || route === undefined) {
    return refuse("nothing_to_deliver");
  }
  const leg = route.leg + 1;
  const { sent_as: before = route.delivery_id, ...rest } = route;
  // To its partner it is the delivery that it was; what was put right is another, for the partner has certainly not got it.
  const sent_as = state.corrected ? {} : { sent_as: before };
  return accept(routed(state, { ...rest, leg, delivery_id: deliveryId(route.partner, leg), ...sent_as }));
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
