// A stream's state: all of its events folded, from the start or from where a snapshot ends.
import type { Codec } from "./event-store/codec.ts";
import type { EventStore } from "./event-store/event-store.ts";
import type { StoredEvent } from "./event-store/stored-event.ts";

export interface Loaded<State> {
  readonly state: State;
  /** The last event that is in it. */
  readonly revision: bigint | "no_stream";
}

/** The stream holds an event that this release does not know: to decide without it could contradict it. */
export class UnknownEventType extends Error {
  override name = "UnknownEventType";

  constructor({ stream, type, revision }: StoredEvent) {
    super(`${type} at ${revision} in ${stream} is unknown to this release; run the release that wrote it`);
  }
}

export interface FoldOptions<State, Event> {
  readonly eventStore: EventStore;
  readonly stream: string;
  readonly decode: (stored: StoredEvent) => Event;
  readonly evolve: (state: State, event: Event) => State;
  readonly from: Loaded<State>;
}

export async function foldStream<State, Event>(options: FoldOptions<State, Event>): Promise<Loaded<State>> {
  const { eventStore, stream, decode, evolve, from } = options;
  let { state, revision } = from;
  for await (const stored of eventStore.streamEvents(stream, revision === "no_stream" ? 0n : revision + 1n)) {
    state = evolve(state, decode(stored));
    revision = stored.revision;
  }
  return { state, revision };
}

/** Decodes what must not be passed over. */
export function decodeKnown<Event extends { readonly type: string; readonly data: unknown }>(
  codec: Codec<Event>,
): (stored: StoredEvent) => Event {
  return (stored) => {
    const decoded = codec.decode(stored);
    if (!decoded.known) throw new UnknownEventType(stored);
    return decoded.event;
  };
}
