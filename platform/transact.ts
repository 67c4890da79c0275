// Runs a decider on a stream that is loaded on demand: load, decide, append at the revision that was loaded, and again when somebody
// else was faster. For leads and for what people configure.
import { WrongExpectedRevision } from "./event-store/errors.ts";
import type { EventStore } from "./event-store/event-store.ts";
import type { NewEvent } from "./event-store/stored-event.ts";
import type { Loaded } from "./fold-stream.ts";

interface Accepted<Event> {
  readonly accepted: true;
  readonly events: readonly Event[];
}
type Refused = { readonly accepted: false; readonly reason: string };

export interface Transaction<State, Event, Refusal extends Refused> {
  readonly eventStore: EventStore;
  readonly stream: string;
  readonly load: () => Promise<Loaded<State>>;
  /** The state as it is at hand, perhaps behind the stream: what is refused on it is decided again on the stream itself. */
  readonly known?: Loaded<State> | undefined;
  readonly evolve: (state: State, event: Event) => State;
  /** `revision` is that of the newest event in the state. */
  readonly decide: (state: State, revision: Loaded<State>["revision"]) => Accepted<Event> | Refusal;
  readonly encode: (events: readonly Event[], state: State) => readonly NewEvent[];
  /** How long an append is tried. */
  readonly deadlineMs?: number;
}

export type Transacted<State, Event, Refusal extends Refused> = Loaded<State> &
  (
    | (Accepted<Event> & {
        /** Where in the log the last of the events stands; undefined where there are none. */
        readonly position: bigint | undefined;
      })
    | Refusal
  );

/** Each is somebody else's success, so this many may change one stream at the same moment. */
const MAX_CONFLICTS = 50;

export async function transact<State, Event, Refusal extends Refused>(
  transaction: Transaction<State, Event, Refusal>,
): Promise<Transacted<State, Event, Refusal>> {
  const { eventStore, stream, load, known, evolve, decide, encode, deadlineMs } = transaction;
  let current = known ?? (await load());
  let isFresh = known === undefined;
  for (let conflicts = 0; ; ) {
    const decision = decide(current.state, current.revision);
    if (!decision.accepted && isFresh) return { ...current, ...decision };
    if (decision.accepted) {
      const { events } = decision;
      if (events.length === 0) return { ...current, ...decision, position: undefined };
      try {
        const { revision, position } = await eventStore.append(
          stream,
          current.revision,
          encode(events, current.state),
          deadlineMs === undefined ? {} : { deadlineMs },
        );
        return { ...decision, state: events.reduce(evolve, current.state), revision, position };
      } catch (error) {
        conflicts += 1;
        if (!(error instanceof WrongExpectedRevision) || conflicts > MAX_CONFLICTS) throw error;
      }
    }
    current = await load();
    isFresh = true;
  }
}
