// A stream's state: all of its events folded, from the start or from where a snapshot ends.
import { type Codec, WrittenByNewerRelease } from "./event-store/codec.ts";
import type { EventStore } from "./event-store/event-store.ts";
import type { StoredEvent } from "./event-store/stored-event.ts";
import type { Log } from "./log.ts";

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

/** How one event becomes part of the state. */
export interface Fold<State, Event> {
  readonly decode: (stored: StoredEvent) => Event;
  readonly evolve: (state: State, event: Event) => State;
  /**
   * Told of an event that can't be read, or can't have happened, in a stream that many depend on: it is passed over, since nobody can
   * mend it any more. What another release can read is not: that throws. Without this all of it throws.
   */
  readonly onPassedOver?: (stored: StoredEvent, error: unknown) => void;
}

export interface FoldOptions<State, Event> extends Fold<State, Event> {
  readonly eventStore: EventStore;
  readonly stream: string;
  readonly from: Loaded<State>;
}

export async function foldStream<State, Event>(options: FoldOptions<State, Event>): Promise<Loaded<State>> {
  const { eventStore, stream, from } = options;
  let loaded = from;
  const next = from.revision === "no_stream" ? 0n : from.revision + 1n;
  for await (const stored of eventStore.streamEvents(stream, next)) loaded = foldOne(loaded, stored, options);
  return loaded;
}

export function foldOne<State, Event>(
  { state }: Loaded<State>,
  stored: StoredEvent,
  { decode, evolve, onPassedOver }: Fold<State, Event>,
): Loaded<State> {
  const { revision } = stored;
  try {
    return { state: evolve(state, decode(stored)), revision };
  } catch (error) {
    if (onPassedOver === undefined || mayBeReadElsewhere(stored, error)) throw error;
    onPassedOver(stored, error);
    return { state, revision };
  }
}

/** Whether it has our metadata: what lacks them was written by no release of ours. */
export const isOurs = (stored: StoredEvent): boolean => stored.rawMetadata !== undefined;

const mayBeReadElsewhere = (stored: StoredEvent, error: unknown): boolean =>
  error instanceof WrittenByNewerRelease || (error instanceof UnknownEventType && isOurs(stored));

/** For foldStream's `onPassedOver`. */
export function logPassedOver(log: Log): (stored: StoredEvent, error: unknown) => void {
  return ({ stream, revision, type }, err) =>
    log.error({ err, stream, revision, type }, "event can't be read or can't have happened, passed over");
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
