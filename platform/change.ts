// Changes what people change: decided on the stream as it is, and stored with who did it.
import type { Codec } from "./event-store/codec.ts";
import type { EventStore } from "./event-store/event-store.ts";
import { decodeOrPassOver } from "./event-store/pass-over.ts";
import type { StoredEvent } from "./event-store/stored-event.ts";
import { foldStream, UnknownEventType } from "./fold-stream.ts";
import { deterministicUuid, newUuid } from "./ids.ts";
import { type Transacted, transact } from "./transact.ts";

interface AnyEvent {
  readonly type: string;
  readonly data: unknown;
}

export interface Change<State, Event extends AnyEvent, Refusal> {
  readonly eventStore: EventStore;
  readonly stream: string;
  readonly codec: Codec<Event>;
  readonly initial: State;
  readonly evolve: (state: State, event: Event) => State;
  readonly decide: (
    state: State,
    revision: bigint | "no_stream",
  ) => { readonly accepted: true; readonly events: readonly Event[] } | Refusal;
  readonly by: string;
  /** How long the append is tried. */
  readonly deadlineMs?: number;
}

export function changeStream<
  State,
  Event extends AnyEvent,
  Refusal extends { readonly accepted: false; readonly reason: string },
>(change: Change<State, Event, Refusal>): Promise<Transacted<State, Event, Refusal>> {
  const { eventStore, stream, codec, initial, evolve, decide, by, deadlineMs } = change;
  const [id, at] = [newUuid(), new Date().toISOString()];
  return transact<State, Event, Refusal>({
    eventStore,
    stream,
    load: () =>
      foldStream<State, Event | undefined>({
        eventStore,
        stream,
        decode: (stored) => readable(codec, stored),
        evolve: (state, event) => (event === undefined ? state : evolve(state, event)),
        from: { state: initial, revision: "no_stream" },
      }),
    evolve,
    decide,
    encode: (events) =>
      events.map((event, n) => codec.encode(event, { id: deterministicUuid(stream, id, `${n}`), at, by })),
    ...(deadlineMs !== undefined && { deadlineMs }),
  });
}

/** Undefined where the views pass over it too, which tell of it. */
function readable<Event extends AnyEvent>(codec: Codec<Event>, stored: StoredEvent): Event | undefined {
  const decoded = decodeOrPassOver(codec, stored, () => undefined);
  if (decoded?.known === false) throw new UnknownEventType(stored);
  return decoded?.event;
}
