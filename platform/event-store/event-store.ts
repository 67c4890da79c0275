// The only truth, as the roles see it: append with an expected revision, read a stream, follow the whole log.
import type { Lifecycle } from "../lifecycle.ts";
import type { Log } from "../log.ts";
import type { Following, FollowOptions } from "./follow.ts";
import type { NewEvent, StoredEvent } from "./stored-event.ts";

export type ExpectedRevision = bigint | "no_stream" | "any";

export interface Appended {
  readonly revision: bigint;
  readonly position: bigint;
}

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
  follow(options: FollowOptions): Following;
  close(): Promise<void>;
}

export interface EventStoreOptions {
  readonly url: string;
  readonly log: Log;
  /** When given, the connection closes with it. */
  readonly lifecycle?: Lifecycle;
  /** How long an append or read is retried; 30 s unless told. */
  readonly deadlineMs?: number;
}

export function connectEventStore(_options: EventStoreOptions): EventStore {
  throw new Error("not yet");
}
