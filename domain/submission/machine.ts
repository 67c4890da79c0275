import { setup } from "xstate";
import { tabulate } from "../machine-table.ts";
import { type PartnerEvent, Reconciliation } from "../partner/events.ts";
import { Stage, type SubmissionEvent } from "./events.ts";

// A submission's life, from the gateway to its end. The submission's own events decide, and what its partner's actor writes about it:
// how far a delivery is, and that the partner has it. Time is no part of it: waiting is an event that has not come yet.

export const statuses = [
  "received",
  "identified",
  "queued",
  "delivering",
  "retrying",
  /** By its partner's caps or schedule. */
  "held",
  "delivered",
  "duplicate",
  "rejected",
  "unrouted",
  "dead_lettered",
  /** Delivered, and given back. */
  "returned",
] as const;
export type Status = (typeof statuses)[number];

type PartnerEventOfOne = Extract<PartnerEvent, { data: { submission_id: unknown } }>;
type Redriven = { readonly type: "SubmissionRedriven"; readonly data: { readonly stage: Stage } };
type Reconciled = {
  readonly type: "SubmissionReconciled" | "DeliveryReconciled";
  readonly data: { readonly outcome: Reconciliation };
};

/** What can happen to a submission. */
export type LifeEvent =
  | {
      readonly type: Exclude<
        SubmissionEvent["type"] | PartnerEventOfOne["type"],
        Redriven["type"] | Reconciled["type"]
      >;
    }
  | Redriven
  | Reconciled;

const isReconciled = (event: LifeEvent): event is Reconciled =>
  event.type === "SubmissionReconciled" || event.type === "DeliveryReconciled";

const foundOut =
  (outcome: Reconciliation) =>
  ({ event }: { event: LifeEvent }): boolean =>
    isReconciled(event) && event.data.outcome === outcome;

const atStage =
  (...stages: Stage[]) =>
  ({ event }: { event: LifeEvent }): boolean =>
    event.type === "SubmissionRedriven" && stages.includes(event.data.stage);

/** How every leg ends: the partner has it, or the lead's actor has read why not and writes what that means. */
const legEnds = {
  DeliverySucceeded: "delivered",
  DeliveryDuplicated: "duplicate",
  SubmissionRouted: "queued",
  SubmissionRejected: "rejected",
  SubmissionDeadLettered: "dead_lettered",
} as const;

/** The partner does not have it; the status stays until the lead's actor has written what that means. */
const declined = <Here extends Status>(here: Here) => ({
  DeliveryRejected: here,
  DeliveryDeadLettered: here,
  DeliveryPassedOn: here,
});

const RECONCILED = [
  { guard: "delivered", target: "delivered" },
  { guard: "notDelivered", target: "dead_lettered" },
] as const;

export const submissionMachine = setup({
  types: { events: {} as LifeEvent },
  guards: {
    toIdentify: atStage("intake", "identify"),
    toRoute: atStage("route"),
    toDeliver: atStage("deliver"),
    delivered: foundOut("delivered"),
    notDelivered: foundOut("not_delivered"),
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
        ...legEnds,
        ...declined("queued"),
        DeliveryStarted: "delivering",
        DeliveryHeld: "held",
      },
    },
    delivering: {
      on: {
        ...legEnds,
        ...declined("delivering"),
        DeliveryStarted: "delivering",
        DeliveryFailed: "retrying",
      },
    },
    retrying: {
      on: {
        ...legEnds,
        ...declined("retrying"),
        DeliveryStarted: "delivering",
        DeliveryHeld: "held",
      },
    },
    held: {
      on: { ...legEnds, ...declined("held"), DeliveryStarted: "delivering", DeliveryHeld: "held" },
    },
    delivered: {
      on: {
        DeliveryReturned: "returned",
        SubmissionReconciled: { guard: "delivered", target: "delivered" },
      },
    },
    duplicate: { type: "final" },
    // Final, unless what the partner declined is put right.
    rejected: {
      on: {
        SubmissionCorrected: "rejected",
        SubmissionRedriven: { guard: "toDeliver", target: "queued" },
      },
    },
    unrouted: { type: "final" },
    returned: { type: "final" },
    dead_lettered: {
      on: {
        SubmissionRedriven: [
          { guard: "toIdentify", target: "received" },
          { guard: "toRoute", target: "identified" },
          { guard: "toDeliver", target: "queued" },
        ],
        SubmissionCorrected: "dead_lettered",
        SubmissionDiscarded: "rejected",
        DeliveryReconciled: RECONCILED,
        SubmissionReconciled: RECONCILED,
      },
    },
  },
});

const table = tabulate<typeof submissionMachine, Status | "expected", LifeEvent>({
  machine: submissionMachine,
  states: ["expected", ...statuses],
  examples: (type) => {
    if (type === "SubmissionRedriven")
      return Stage.options.map((stage) => ({ type, data: { stage } })) as LifeEvent[];
    if (type === "SubmissionReconciled" || type === "DeliveryReconciled")
      return Reconciliation.options.map((outcome) => ({ type, data: { outcome } })) as LifeEvent[];
    return [{ type }] as LifeEvent[];
  },
  keyOf(event) {
    if (event.type === "SubmissionRedriven") return `${event.type}/${event.data.stage}`;
    return isReconciled(event) ? `${event.type}/${event.data.outcome}` : event.type;
  },
});

/** Where the event leads from here; undefined where it must not happen. Before the first event there is no status. */
export function nextStatus(status: Status | undefined, event: LifeEvent): Status | undefined {
  const next = table.next(status ?? "expected", event);
  return next === "expected" ? undefined : next;
}

/** Where the event leads from wherever it may happen; undefined where that depends on what was before. */
export function statusAfter(event: LifeEvent): Status | undefined {
  const before = [undefined, ...statuses];
  const [after, ...others] = new Set(before.flatMap((status) => nextStatus(status, event) ?? []));
  return others.length === 0 ? after : undefined;
}
