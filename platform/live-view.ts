// What people configured, kept up to date in memory from the streams that say so. At the start these streams alone are read, so that
// it takes as long behind a hundred million events as behind a hundred; what comes afterwards is followed.
//
// 1. An event counts once: what was read at the start, or before a change failed, is known by its revision.
// 2. State, value and revisions change together, once the value could be derived.
// 3. The value knows everything up to `position`; at the start it may know more.
// 4. An event that can't be read is passed over, so that it hides no other; one of a newer release is waited for.
import type { Codec } from "./event-store/codec.ts";
import type { EventStore } from "./event-store/event-store.ts";
import { decodeOrPassOver } from "./event-store/pass-over.ts";
import type { StoredEvent } from "./event-store/stored-event.ts";
import type { Lifecycle } from "./lifecycle.ts";
import type { Log } from "./log.ts";
import type { Metrics } from "./metrics.ts";
import { retryUntil } from "./retry.ts";

export interface LiveViewOptions<State, Event extends AnyEvent, Value> {
  readonly name: string;
  /** Read one after the other: what the state becomes may not depend on which of two streams was first. */
  readonly streams: readonly string[];
  readonly eventStore: EventStore;
  readonly codec: Codec<Event>;
  readonly initial: State;
  readonly evolve: (state: State, event: Event) => State;
  /** What users of the view see, made from the state after each change; may open what is sealed. */
  readonly derive: (state: State, before: Value | undefined) => Value | Promise<Value>;
  readonly lifecycle: Lifecycle;
  readonly log: Log;
  /** Counts what can't be read and is passed over. */
  readonly metrics?: Pick<Metrics, "eventsPassedOver">;
}

interface AnyEvent {
  readonly type: string;
  readonly data: unknown;
}

export interface LiveView<Value> {
  current(): Value;
  readonly position: bigint;
  /** Called after each change that was taken in. */
  onChange(listener: (value: Value) => void): () => void;
  /** Resolves once everything up to this position is taken in; rejects when that takes longer than the bound. */
  reached(position: bigint, timeoutMs: number): Promise<void>;
}

const BACKOFF = { baseMs: 50, maxMs: 3_000 };

/** Resolves when the view knows what the streams say now; never, when the process stops before that. */
export async function liveView<State, Event extends AnyEvent, Value>(
  options: LiveViewOptions<State, Event, Value>,
): Promise<LiveView<Value>> {
  const { name, streams, eventStore, codec, derive, lifecycle, log, metrics } = options;
  const listeners = new Set<(value: Value) => void>();
  const waiting = new Set<() => void>();
  const ending = new AbortController();
  lifecycle.own(`view ${name}`, () => ending.abort());

  /** What the view knows, with the newest revision of each stream that is in it. */
  interface Known {
    readonly state: State;
    readonly revisions: ReadonlyMap<string, bigint>;
  }

  function evolve({ state, revisions }: Known, stored: StoredEvent): Known {
    const decoded = decodeOrPassOver(codec, stored, (error) => {
      log.error({ err: error, view: name }, "event can't be read and is passed over");
      metrics?.eventsPassedOver.inc({ view: name });
    });
    if (decoded?.known === false)
      log.warn({ stream: stored.stream, type: decoded.type }, "event of unknown type skipped");
    return {
      state: decoded?.known ? options.evolve(state, decoded.event) : state,
      revisions: new Map(revisions).set(stored.stream, stored.revision),
    };
  }

  async function load(): Promise<{ known: Known; value: Value; position: bigint }> {
    const position = await eventStore.head();
    let known: Known = { state: options.initial, revisions: new Map(streams.map((stream) => [stream, -1n])) };
    for (const stream of streams) {
      for await (const stored of eventStore.streamEvents(stream)) known = evolve(known, stored);
    }
    return { known, value: await derive(known.state, undefined), position };
  }

  const loaded = await retryUntil(load, {
    backoff: BACKOFF,
    signal: ending.signal,
    onFailure: (error) =>
      log.warn({ err: error, view: name }, "view could not be loaded and is loaded again"),
  });
  if (loaded === undefined) return new Promise(() => undefined);
  let { known, value, position } = loaded;

  eventStore.follow({
    name,
    prefixes: streams,
    from: position,
    signal: ending.signal,
    onEvents: async (events, handled) => {
      let next = known;
      for (const stored of events) {
        // A prefix may also match the names of other streams.
        const seen = next.revisions.get(stored.stream);
        if (seen !== undefined && stored.revision > seen) next = evolve(next, stored);
      }
      const isNews = next !== known;
      if (isNews) value = await derive(next.state, value);
      known = next;
      position = handled;
      for (const check of waiting) check();
      if (isNews) for (const listener of listeners) listener(value);
    },
  });

  return {
    current: () => value,
    get position() {
      return position;
    },
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    reached: (wanted, timeoutMs) =>
      new Promise((resolve, reject) => {
        const end = (): void => {
          clearTimeout(timer);
          waiting.delete(check);
        };
        const check = (): void => {
          if (position < wanted) return;
          end();
          resolve();
        };
        const timer = setTimeout(() => {
          end();
          reject(new Error(`view ${name} did not reach ${wanted} within ${timeoutMs} ms`));
        }, timeoutMs);
        waiting.add(check);
        check();
      }),
  };
}
