import { getNextTransitions, setup, transition } from "xstate";
import type { PartnerEvent } from "../partner/events.ts";
import { type Stage, Stage as Stages, type SubmissionEvent } from "./events.ts";

// A submission's life, from the gateway to its end. The submission's own events decide; what its partner says about it
// (started, failed, held …) shows how far a delivery is. Time is no part of it: waiting is an event that has not come yet.

export const statuses = [
  "received",
  "identified",
  "queued",
  "delivering",
  "retrying",
  "held",
  "delivered",
  "duplicate",
  "rejected",
  "unrouted",
  "dead_lettered",
] as const;
export type Status = (typeof statuses)[number];

type PartnerEventOfOne = Extract<PartnerEvent, { data: { submission_id: unknown } }>;
type Redriven = { readonly type: "SubmissionRedriven"; readonly data: { readonly stage: Stage } };

/** What can happen to a submission. Every event that concerns one is such a happening. */
export type LifeEvent =
  | { readonly type: Exclude<SubmissionEvent["type"], "SubmissionRedriven"> | PartnerEventOfOne["type"] }
  | Redriven;

const atStage =
  (...stages: Stage[]) =>
  ({ event }: { event: LifeEvent }): boolean =>
    event.type === "SubmissionRedriven" && stages.includes(event.data.stage);

/** How every leg ends: the lead's actor has heard of the outcome and writes what it means. */
const endsOfALeg = {
  SubmissionRouted: "queued",
  SubmissionDelivered: "delivered",
  SubmissionDuplicate: "duplicate",
  SubmissionRejected: "rejected",
  SubmissionDeadLettered: "dead_lettered",
} as const;

/** The partner has decided; the status stays until the lead's actor has written what it means. */
const decidedAtPartner = <Here extends Status>(here: Here) => ({
  DeliverySucceeded: here,
  DeliveryRejected: here,
  DeliveryDuplicated: here,
  DeliveryDeadLettered: here,
});

export const submissionMachine = setup({
  types: { events: {} as LifeEvent },
  guards: {
    toIdentify: atStage("intake", "identify"),
    toRoute: atStage("route"),
    toDeliver: atStage("deliver"),
  },
}).createMachine({
  id: "submission",
  initial: "expected",
  states: {
    expected: { on: { SubmissionReceived: "received" } },
    received: { on: { PersonIdentified: "identified", SubmissionDeadLettered: "dead_lettered" } },
    identified: {
      on: {
        SubmissionRouted: "queued",
        SubmissionUnrouted: "unrouted",
        SubmissionDeadLettered: "dead_lettered",
      },
    },
    queued: {
      on: {
        ...endsOfALeg,
        ...decidedAtPartner("queued"),
        DeliveryStarted: "delivering",
        DeliveryHeld: "held",
      },
    },
    delivering: {
      on: {
        ...endsOfALeg,
        ...decidedAtPartner("delivering"),
        DeliveryStarted: "delivering",
        DeliveryFailed: "retrying",
      },
    },
    retrying: {
      on: {
        ...endsOfALeg,
        ...decidedAtPartner("retrying"),
        DeliveryStarted: "delivering",
        DeliveryHeld: "held",
      },
    },
    held: {
      on: { ...endsOfALeg, ...decidedAtPartner("held"), DeliveryStarted: "delivering", DeliveryHeld: "held" },
    },
    delivered: { type: "final" },
    duplicate: { type: "final" },
    rejected: { type: "final" },
    unrouted: { type: "final" },
    dead_lettered: {
      on: {
        SubmissionRedriven: [
          { guard: "toIdentify", target: "received" },
          { guard: "toRoute", target: "identified" },
          { guard: "toDeliver", target: "queued" },
        ],
      },
    },
  },
});

type Place = Status | "expected";
type Key = string;

const keyOf = (event: LifeEvent): Key =>
  event.type === "SubmissionRedriven" ? `${event.type}/${event.data.stage}` : event.type;

/** The machine written out as a table: a `transition` costs 17 µs, a look-up next to nothing. */
const table: ReadonlyMap<Place, ReadonlyMap<Key, Status>> = new Map(
  (["expected", ...statuses] as const).map((place) => [place, rowOf(place)]),
);

function rowOf(place: Place): ReadonlyMap<Key, Status> {
  const here = submissionMachine.resolveState({ value: place });
  const row = new Map<Key, Status>();
  for (const { eventType } of getNextTransitions(here)) {
    const events = (
      eventType === "SubmissionRedriven"
        ? Stages.options.map((stage) => ({ type: eventType, data: { stage } }))
        : [{ type: eventType }]
    ) as LifeEvent[];
    for (const event of events) {
      if (here.can(event))
        row.set(keyOf(event), transition(submissionMachine, here, event)[0].value as Status);
    }
  }
  return row;
}

/** Where the event leads from here; undefined where it must not happen. Before the first event there is no status. */
export function nextStatus(status: Status | undefined, event: LifeEvent): Status | undefined {
  return table.get(status ?? "expected")?.get(keyOf(event));
}
