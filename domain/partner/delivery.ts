import { setup } from "xstate";
import { tabulate } from "../machine-table.ts";
import type { PartnerEvent } from "./events.ts";

// One delivery's life at its partner. Time is no part of it: a retry is the next start. That a delivered one is given back, or one in
// doubt is reconciled, comes after its end, and changes nothing in it.

export type DeliveryEvent = Exclude<
  PartnerEvent,
  {
    type:
      | "CircuitOpened"
      | "CircuitHalfOpened"
      | "CircuitClosed"
      | "PartnerRetired"
      | "DeliveryReturned"
      | "DeliveryReconciled";
  }
>;
type DeliveryEventType = Pick<DeliveryEvent, "type">;

const withoutAnAttempt = {
  DeliveryDuplicated: "duplicate",
  DeliveryDeadLettered: "dead_lettered",
} as const;
const notCalling = {
  ...withoutAnAttempt,
  DeliveryStarted: "calling",
  DeliveryHeld: "held",
  DeliveryPassedOn: "passed_on",
} as const;

const deliveryMachine = setup({ types: { events: {} as DeliveryEventType } }).createMachine({
  id: "delivery",
  initial: "expected",
  states: {
    expected: { on: notCalling },
    calling: {
      on: {
        DeliverySucceeded: "delivered",
        DeliveryFailed: "waiting",
        DeliveryRejected: "rejected",
        DeliveryDuplicated: "duplicate",
        DeliveryDeadLettered: "dead_lettered",
      },
    },
    waiting: { on: notCalling },
    held: { on: notCalling },
    passed_on: { type: "final" },
    delivered: { type: "final" },
    duplicate: { type: "final" },
    rejected: { type: "final" },
    dead_lettered: { type: "final" },
  },
});

const stages = [
  "expected",
  "calling",
  "waiting",
  "held",
  "delivered",
  "duplicate",
  "rejected",
  "dead_lettered",
  "passed_on",
] as const;
export type DeliveryStage = (typeof stages)[number];

export const deliveryStages = tabulate<typeof deliveryMachine, DeliveryStage, DeliveryEventType>({
  machine: deliveryMachine,
  states: stages,
  examples: (type) => [{ type } as DeliveryEventType],
  keyOf: ({ type }) => type,
});
