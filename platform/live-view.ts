// A fold over a few streams that every process keeps for itself, such as the rules in force or the known sources.
import type { Codec } from "./event-store/codec.ts";
import type { EventStore } from "./event-store/event-store.ts";
import type { Lifecycle } from "./lifecycle.ts";
import type { Log } from "./log.ts";

export interface LiveViewOptions<State, Event extends { readonly type: string; readonly data: unknown }> {
  readonly name: string;
  readonly prefixes: readonly string[];
  readonly eventStore: EventStore;
  readonly codec: Codec<Event>;
  readonly initial: State;
  /** May be asynchronous, so that a view can open what is sealed. */
  readonly evolve: (state: State, event: Event) => State | Promise<State>;
  readonly lifecycle: Lifecycle;
  readonly log: Log;
}

export interface LiveView<State> {
  current(): State;
  readonly position: bigint;
  /** Called after each change that was taken in. */
  onChange(listener: (state: State) => void): () => void;
  /** Resolves once everything up to this position is taken in; rejects when that takes longer than the bound. */
  reached(position: bigint, timeoutMs: number): Promise<void>;
}

/** Resolves when the view has caught up with the log as it is now. */
export async function liveView<State, Event extends { readonly type: string; readonly data: unknown }>(
  options: LiveViewOptions<State, Event>,
): Promise<LiveView<State>> {
  const { name, prefixes, eventStore, codec, evolve, lifecycle, log } = options;
  let state = options.initial;
  let position = 0n;
  const listeners = new Set<(state: State) => void>();
  const waiting = new Set<() => void>();

  const caughtUp = Promise.withResolvers<void>();
  const ending = new AbortController();
  lifecycle.own(`view ${name}`, () => ending.abort());

  eventStore.follow({
    name,
    prefixes,
    from: "start",
    signal: ending.signal,
    onEvents: async (events, handled) => {
      for (const raw of events) {
        const decoded = codec.decode(raw);
        if (decoded.known) state = await evolve(state, decoded.event);
        else log.warn({ stream: raw.stream, type: decoded.type }, "an event of an unknown type was skipped");
      }
      position = handled;
      for (const check of waiting) check();
      if (events.length > 0) for (const listener of listeners) listener(state);
    },
    onCaughtUp: () => caughtUp.resolve(),
  });
  await caughtUp.promise;

  return {
    current: () => state,
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
          reject(new Error(`${name} did not reach ${wanted} within ${timeoutMs} ms`));
        }, timeoutMs);
        waiting.add(check);
        check();
      }),
  };
}
