// The only truth, as the roles see it: append with an expected revision, read a stream, follow the whole log.
import { EventStoreDBClient } from "@eventstore/db-client";
import type { Lifecycle } from "../lifecycle.ts";
import type { Log } from "../log.ts";
import type { Metrics } from "../metrics.ts";
import type { Tracing } from "../tracing.ts";
import { type Appended, appendUntilConfirmed } from "./append.ts";
import type { ExpectedRevision } from "./append-wire.ts";
import { openAppender } from "./appender.ts";
import { callsOver } from "./calls.ts";
import { type Following, type FollowOptions, follow } from "./follow.ts";
import { readBackwards, readForwards, readHead, readNewest } from "./read.ts";
import { type Scanned, type ScanOptions, scanLog } from "./scan.ts";
import { shareTail } from "./shared-tail.ts";
import type { NewEvent, StoredEvent } from "./stored-event.ts";
import { openTail } from "./tail.ts";

export interface EventStore {
  /**
   * Retries unavailability until the deadline, so events need deterministic ids and an exact revision.
   * Throws WrongExpectedRevision or EventStoreUnavailable.
   */
  append(
    stream: string,
    expected: ExpectedRevision,
    events: readonly NewEvent[],
    options?: { readonly deadlineMs?: number },
  ): Promise<Appended>;
  /** From `from` (inclusive) on; empty when there is no such stream. */
  readStream(
    stream: string,
    options?: { readonly from?: bigint; readonly maxCount?: number },
  ): Promise<StoredEvent[]>;
  /** The newest first. */
  readStreamBackwards(stream: string, maxCount: number): Promise<StoredEvent[]>;
  /** The same as readStream, one by one, for streams that need not fit in memory. */
  streamEvents(stream: string, from?: bigint): AsyncIterable<StoredEvent>;
  /** The position of the last event in the log; 0n when it is empty. */
  head(): Promise<bigint>;
  /** The last event in the log that is not the store's own, looked for among the newest few. */
  newest(): Promise<StoredEvent | undefined>;
  follow(options: FollowOptions): Following;
  /** Reads a part of the log once; a caller that stops early lets go of it. */
  scan(options: ScanOptions): AsyncIterable<Scanned>;
  close(): Promise<void>;
}

export interface EventStoreOptions {
  readonly url: string;
  readonly log: Log;
  /** When given, the connection closes with it. */
  readonly lifecycle?: Lifecycle;
  /** How long an append or read is retried; 30 s unless told. */
  readonly deadlineMs?: number;
  /** Shows how long it takes to answer. */
  readonly metrics?: Pick<Metrics, "eventStoreSeconds"> | undefined;
  /** Is told what was appended. */
  readonly tracing?: Pick<Tracing, "appended"> | undefined;
}

const TAIL = {
  feedBounds: { maxEvents: 32_768, maxBytes: 48 * 1024 * 1024 },
  // As many as may come while a follower that has caught up learns of it. More would outlive young garbage, which costs CPU and memory.
  recentBounds: { maxEvents: 512, maxBytes: 2 * 1024 * 1024 },
};
const APPEND = { operation: "append" } as const;
const READ = { operation: "read" } as const;
const WITHOUT_END = Number.MAX_SAFE_INTEGER;

export function connectEventStore({
  url,
  log,
  lifecycle,
  deadlineMs = 30_000,
  metrics,
  tracing,
}: EventStoreOptions): EventStore {
  // A connection of its own: what ends a subscription, or fills the wire with a long read, holds up no append.
  const appends = EventStoreDBClient.connectionString(url);
  const appender = openAppender(callsOver(appends));
  const reads = EventStoreDBClient.connectionString(url);
  const calls = callsOver(reads);
  const closing = new AbortController();
  const patience = { deadlineMs, signal: closing.signal };
  const underWay = new Set<Promise<unknown>>();

  /** Of what succeeds: how long a failure took says how patient the caller was. */
  async function timed<T>(
    labels: { readonly operation: "append" | "read" },
    work: () => Promise<T>,
  ): Promise<T> {
    const began = performance.now();
    const result = await work();
    metrics?.eventStoreSeconds.observe(labels, (performance.now() - began) / 1_000);
    return result;
  }

  function whileOpen<T>(work: Promise<T>): Promise<T> {
    underWay.add(work);
    const forget = (): boolean => underWay.delete(work);
    work.then(forget, forget);
    return work;
  }

  const head = (): Promise<bigint> => readHead(calls, patience);
  const tail = shareTail(() => openTail({ calls, log, head, ...TAIL }));

  async function append(
    stream: string,
    expected: ExpectedRevision,
    events: readonly NewEvent[],
    options?: { readonly deadlineMs?: number },
  ): Promise<Appended> {
    const startMs = tracing === undefined ? 0 : Date.now();
    const { revision, position } = await timed(APPEND, () =>
      appendUntilConfirmed(appender, stream, expected, events, { ...patience, ...options }),
    );
    tracing?.appended(stream, events, startMs);
    if (position !== undefined) return { revision, position };
    // A store that recognises a repeated append need not know any more where the first one went.
    const [last] = await readStream(stream, { from: revision, maxCount: 1 });
    return { revision, position: last?.position ?? (await head()) };
  }

  async function readStream(
    stream: string,
    { from = 0n, maxCount = WITHOUT_END }: { readonly from?: bigint; readonly maxCount?: number } = {},
  ): Promise<StoredEvent[]> {
    const events: StoredEvent[] = [];
    return await timed(READ, async () => {
      for await (const page of readForwards(calls, stream, from, maxCount, patience)) events.push(...page);
      return events;
    });
  }

  async function* streamEvents(stream: string, from = 0n): AsyncGenerator<StoredEvent> {
    for await (const page of readForwards(calls, stream, from, WITHOUT_END, patience)) yield* page;
  }

  async function close(): Promise<void> {
    closing.abort();
    await Promise.allSettled(underWay);
    await Promise.all([appends.dispose(), reads.dispose()]);
  }
  lifecycle?.own("event store", close);

  return {
    append: (stream, expected, events, options) => whileOpen(append(stream, expected, events, options)),
    readStream,
    readStreamBackwards: (stream, maxCount) => readBackwards(calls, stream, maxCount, patience),
    streamEvents,
    head,
    newest: () => readNewest(calls, patience),
    follow(options) {
      const signal = AbortSignal.any([options.signal, closing.signal]);
      const following = follow({ calls, tail, log, head }, { ...options, signal });
      void whileOpen(following.done);
      return following;
    },
    scan: (options) =>
      scanLog(calls, log, { ...options, signal: AbortSignal.any([options.signal, closing.signal]) }),
    close,
  };
}
