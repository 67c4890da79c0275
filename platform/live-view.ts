import type { Codec } from "./event-store/codec.ts";
import type { EventStore } from "./event-store/event-store.ts";
import { decodeOrPassOver } from "./event-store/pass-over.ts";
import type { Lifecycle } from "./lifecycle.ts";
import type { Log } from "./log.ts";
import type { Metrics } from "./metrics.ts";

// What people configured, kept up to date in memory from the streams that say so.

export interface LiveViewOptions<State, Event extends AnyEvent, Value> {
  readonly name: string;
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
  readonly metrics?: Metrics;
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

/** Resolves when the view has caught up with the log as it is now. */
export async function liveView<State, Event extends AnyEvent, Value>(
  options: LiveViewOptions<State, Event, Value>,
): Promise<LiveView<Value>> {
  const { name, streams, eventStore, codec, evolve, derive, lifecycle, log, metrics } = options;
  let state = options.initial;
  let value = await derive(state, undefined);
  let position = 0n;
  const listeners = new Set<(value: Value) => void>();
  const waiting = new Set<() => void>();

  const caughtUp = Promise.withResolvers<void>();
  const ending = new AbortController();
  lifecycle.own(`view ${name}`, () => ending.abort());

  eventStore.follow({
    name,
    prefixes: streams,
    from: "start",
    signal: ending.signal,
    onEvents: async (events, handled) => {
      for (const stored of events) {
        const decoded = decodeOrPassOver(codec, stored, (error) => {
          log.error({ err: error, view: name }, "event can't be read and is passed over");
          metrics?.eventsPassedOver.inc({ view: name });
        });
        if (decoded === undefined) continue;
        if (decoded.known) state = evolve(state, decoded.event);
        else log.warn({ stream: stored.stream, type: decoded.type }, "event of unknown type skipped");
      }
      if (events.length > 0) value = await derive(state, value);
      position = handled;
      for (const check of waiting) check();
      if (events.length > 0) for (const listener of listeners) listener(value);
    },
    onCaughtUp: () => caughtUp.resolve(),
  });
  await caughtUp.promise;

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
