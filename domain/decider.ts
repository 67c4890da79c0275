// How everything is decided here: a state that is folded from events, and a pure function from a command to new events or a refusal.
// `platform/transact.ts` runs a decider on a stream that is loaded on demand, `platform/batch-writer.ts` on one that stays open.

export interface Decider<State, Command, Made extends AnyDecision> {
  readonly initial: State;
  /** May change the state in place where copying it is no option; whoever runs the decider keeps one copy only. */
  readonly evolve: (state: State, event: EventIn<Made>) => State;
  readonly decide: (command: Command, state: State) => Made;
}

/** Events, or a refusal that says why: a refusal is an answer, not an exception. `Reason` may carry more than its name. */
export type Decision<Event, Reason extends string | { readonly reason: string }> =
  | Accepted<Event>
  | (Reason extends string
      ? { readonly accepted: false; readonly reason: Reason }
      : { readonly accepted: false } & Reason);

export interface Accepted<Event> {
  readonly accepted: true;
  readonly events: readonly Event[];
}

export type AnyDecision = Accepted<unknown> | { readonly accepted: false; readonly reason: string };

/** The events that a decision may hold. */
export type EventIn<Made extends AnyDecision> =
  Extract<Made, { accepted: true }> extends { readonly events: readonly (infer Event)[] } ? Event : never;

export function accept<Event>(...events: Event[]): Accepted<Event> {
  return { accepted: true, events };
}

export function refuse<Reason extends string>(
  reason: Reason,
): { readonly accepted: false; readonly reason: Reason } {
  return { accepted: false, reason };
}
