// An event store in memory, for tests of one role: the same rules, and it can be made to stop or to dawdle.
import { setTimeout as pause } from "node:timers/promises";
import { EventStoreUnavailable, WrongExpectedRevision } from "#platform/event-store/errors.ts";
import type { EventStore } from "#platform/event-store/event-store.ts";
import type { Following, FollowOptions } from "#platform/event-store/follow.ts";
import type { StoredEvent } from "#platform/event-store/stored-event.ts";

export interface MemoryEventStore extends EventStore {
  /** From now on nothing is confirmed. */
  stop(): void;
  start(): void;
  dawdle(ms: number): void;
  /** Appends that are not answered yet. */
  underWay(): number;
  readonly log: readonly StoredEvent[];
}

export function memoryEventStore(): MemoryEventStore {
  const log: StoredEvent[] = [];
  const streams = new Map<string, StoredEvent[]>();
  const followers = new Set<() => void>();
  let stopped = false;
  let delayMs = 0;
  let appending = 0;

  const available = async (deadlineMs = 3_000): Promise<void> => {
    if (delayMs > 0) await pause(delayMs);
    if (!stopped) return;
    await pause(Math.min(deadlineMs, 50));
    throw new EventStoreUnavailable("stopped");
  };

  function follow({ name, prefixes, from, onEvents, onCaughtUp, signal }: FollowOptions): Following {
    let next = from === "end" ? log.length : from === "start" ? 0 : Number(from);
    let running = Promise.resolve();
    const advance = async (): Promise<void> => {
      while (next < log.length && !signal.aborted) {
        const events = log.slice(next).filter(({ stream }) => prefixes.some((one) => stream.startsWith(one)));
        const end = log.length;
        await onEvents(events, BigInt(end));
        next = end;
      }
      onCaughtUp?.();
    };
    const wake = (): void => {
      running = running.then(advance);
    };
    followers.add(wake);
    signal.addEventListener("abort", () => followers.delete(wake));
    wake();
    return {
      name,
      get position() {
        return BigInt(next);
      },
      live: true,
      waiting: 0,
      lag: async () => log.length - next,
      done: new Promise((resolve) => signal.addEventListener("abort", () => resolve())),
    };
  }

  return {
    log,
    stop: () => {
      stopped = true;
    },
    start: () => {
      stopped = false;
    },
    dawdle: (ms) => {
      delayMs = ms;
    },
    underWay: () => appending,
    async append(stream, expected, events, options) {
      appending += 1;
      await available(options?.deadlineMs).finally(() => {
        appending -= 1;
      });
      const present = streams.get(stream) ?? [];
      const at = present.length === 0 ? "no_stream" : BigInt(present.length - 1);
      if (expected !== "any" && expected !== at) throw new WrongExpectedRevision(stream, at);
      streams.set(stream, present);
      for (const { id, type, data, metadata } of events) {
        const stored: StoredEvent = {
          id,
          stream,
          type,
          metadata,
          version: metadata.schema,
          data: JSON.parse(JSON.stringify(data)),
          revision: BigInt(present.length),
          position: BigInt(log.length + 1),
          created: new Date(),
        };
        present.push(stored);
        log.push(stored);
      }
      for (const wake of followers) wake();
      return { revision: BigInt(present.length - 1), position: BigInt(log.length) };
    },
    async readStream(stream, { from = 0n, maxCount = Number.POSITIVE_INFINITY } = {}) {
      await available();
      return (streams.get(stream) ?? []).filter(({ revision }) => revision >= from).slice(0, maxCount);
    },
    async readStreamBackwards(stream, maxCount) {
      await available();
      return [...(streams.get(stream) ?? [])].reverse().slice(0, maxCount);
    },
    async *streamEvents(stream, from = 0n) {
      yield* (streams.get(stream) ?? []).filter(({ revision }) => revision >= from);
    },
    head: async () => BigInt(log.length),
    follow,
    close: async () => undefined,
  };
}
