// A machine written out as a table: XState's `transition` costs microseconds, which a fold over thousands of events can't afford.
import { type AnyStateMachine, type EventFromLogic, getNextTransitions, transition } from "xstate";

export interface MachineTable<State extends string, Event> {
  /** Where the event leads from here; undefined where it must not happen. */
  next(state: State, event: Event): State | undefined;
}

export interface Tabulated<Machine extends AnyStateMachine, State extends string, Event> {
  readonly machine: Machine;
  readonly states: readonly State[];
  /** One event for each way out that the machine tells apart: more than one where guards look at the event. */
  readonly examples: (type: string) => readonly EventFromLogic<Machine>[];
  /** Two events with the same key lead the same way. */
  readonly keyOf: (event: Event) => string;
}

export function tabulate<Machine extends AnyStateMachine, State extends string, Event>({
  machine,
  states,
  examples,
  keyOf,
}: Tabulated<Machine, State, Event>): MachineTable<State, Event> {
  const table = new Map(
    states.map((state) => {
      const here = machine.resolveState({ value: state } as never);
      const row = new Map<string, State>();
      for (const { eventType } of getNextTransitions(here))
        for (const event of examples(eventType))
          if (here.can(event)) {
            const [after] = transition(machine, here as never, event);
            row.set(keyOf(event as Event), (after as typeof here).value as State);
          }
      return [state, row] as const;
    }),
  );
  return { next: (state, event) => table.get(state)?.get(keyOf(event)) };
}
