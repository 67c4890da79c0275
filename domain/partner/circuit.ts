import { setup } from "xstate";
import type { DeliveryId } from "../ids.ts";
import { tabulate } from "../machine-table.ts";
import type { PartnerEvent } from "./events.ts";

// Whether a partner is called at all: closed, it is; open, it is left alone for a while; half open, one delivery finds out.

type CircuitEvent = { readonly type: "CircuitOpened" | "CircuitHalfOpened" | "CircuitClosed" };

const circuitMachine = setup({ types: { events: {} as CircuitEvent } }).createMachine({
  id: "circuit",
  initial: "closed",
  states: {
    closed: { on: { CircuitOpened: "open" } },
    open: { on: { CircuitHalfOpened: "half_open" } },
    half_open: { on: { CircuitOpened: "open", CircuitClosed: "closed" } },
  },
});

export const circuitStates = ["closed", "open", "half_open"] as const;
export type CircuitState = (typeof circuitStates)[number];

const states = tabulate<typeof circuitMachine, CircuitState, CircuitEvent>({
  machine: circuitMachine,
  states: circuitStates,
  examples: (type) => [{ type } as CircuitEvent],
  keyOf: ({ type }) => type,
});

export interface Circuit {
  readonly state: CircuitState;
  /** In a row, by the partner's fault. */
  readonly failures: number;
  /** While open: when a probe may be let through, in milliseconds. */
  readonly until: number;
  /** While half open: the delivery that finds out. */
  readonly probe: DeliveryId | undefined;
}

export const closedCircuit: Circuit = { state: "closed", failures: 0, until: 0, probe: undefined };

export function evolveCircuit(circuit: Circuit, event: PartnerEvent): Circuit {
  switch (event.type) {
    case "CircuitOpened": {
      const until = Date.parse(event.data.until);
      return { ...circuit, state: next(circuit, event), until, probe: undefined };
    }
    case "CircuitHalfOpened":
      return { ...circuit, state: next(circuit, event), probe: event.data.probe };
    case "CircuitClosed":
      return { ...closedCircuit, state: next(circuit, event) };
    case "PartnerRetired":
      return closedCircuit;
    case "DeliverySucceeded":
    case "DeliveryRejected":
      return responded(circuit);
    case "DeliveryDuplicated":
      return event.data.timings === undefined ? circuit : responded(circuit);
    case "DeliveryFailed":
      return event.data.interrupted ? circuit : failed(circuit);
    case "DeliveryDeadLettered":
      return event.data.timings === undefined || event.data.interrupted ? circuit : failed(circuit);
    case "DeliveryStarted":
    case "DeliveryHeld":
    case "DeliveryPassedOn":
    case "DeliveryReturned":
    case "DeliveryReconciled":
      return circuit;
  }
}

const responded = (circuit: Circuit): Circuit =>
  circuit.failures === 0 ? circuit : { ...circuit, failures: 0 };
const failed = (circuit: Circuit): Circuit => ({ ...circuit, failures: circuit.failures + 1 });

function next({ state }: Circuit, event: CircuitEvent): CircuitState {
  const after = states.next(state, event);
  if (after === undefined) throw new Error(`${event.type} can't happen to a circuit that is ${state}`);
  return after;
}
