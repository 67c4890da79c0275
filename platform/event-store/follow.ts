// A subscription to the whole log that never gives up.
import type { EventStoreDBClient } from "@eventstore/db-client";
import type { Log } from "../log.ts";
import { backoffMs, pause } from "../retry.ts";
import type { StoredEvent } from "./stored-event.ts";
import { openSubscription, type Subscription } from "./subscription.ts";

export interface FollowOptions {
  readonly name: string;
  /** Streams whose names begin with one of these. */
  readonly prefixes: readonly string[];
  /** The position that was handled last; events after it follow. */
  readonly from: bigint | "start" | "end";
  /**
   * Gets what has arrived, in order; the next call waits for this one. `position` is how far the log is then handled; an empty
   * batch only moves it. When it throws, the same events come again.
   */
  readonly onEvents: (events: StoredEvent[], position: bigint) => Promise<void>;
  /** Each time the end of the log is reached and everything before it is handled. */
  readonly onCaughtUp?: () => void;
  readonly batch?: { readonly maxCount: number };
  readonly signal: AbortSignal;
}

export interface Following {
  readonly name: string;
  /** How far the log is handled; undefined before anything is. */
  readonly position: bigint | undefined;
  /** Whether the end of the log has been reached since the last (re)subscription. */
  readonly live: boolean;
  /** Arrived and not yet handled. */
  readonly waiting: number;
  /** How far behind the end of the log, in positions; while live, the events that wait. */
  lag(): Promise<number>;
  /** Resolves when the signal was given and the last batch is handled. Never rejects. */
  readonly done: Promise<void>;
}

export interface FollowedStore {
  readonly client: EventStoreDBClient;
  readonly log: Log;
  head(): Promise<bigint>;
}

const BACKOFF = { baseMs: 50, maxMs: 3000 };
const BATCH = 500;

export function follow(store: FollowedStore, options: FollowOptions): Following {
  const { name, prefixes, signal, onEvents, onCaughtUp } = options;
  const maxCount = options.batch?.maxCount ?? BATCH;
  const log = store.log.child({ following: name });
  let position = typeof options.from === "bigint" ? options.from : undefined;
  let live = false;
  let handling = 0;
  let subscription: Subscription | undefined;
  let failures = 0;

  async function handle(from: Subscription): Promise<void> {
    const batch = from.take(maxCount);
    const reached = batch.position;
    // The store repeats a checkpoint now and then; nothing came of it.
    const moved = reached !== undefined && (position === undefined || reached > position);
    if (moved) {
      handling = batch.events.length;
      await onEvents(batch.events, reached);
      handling = 0;
      position = reached;
      failures = 0;
    }
    if (batch.caughtUp && !live) {
      live = true;
      log.debug({ position }, "caught up");
    }
    if (batch.caughtUp) onCaughtUp?.();
  }

  /** Until the subscription breaks, onEvents throws, or the signal is given. */
  async function followOnce(): Promise<void> {
    // A definite place, so that nothing is missed when the first subscription breaks before its first event.
    if (position === undefined && options.from === "end") position = await store.head();
    if (signal.aborted) return;
    const current = openSubscription(store.client, { prefixes, from: position, maxCount, signal });
    subscription = current;
    try {
      while (await current.arrival()) await handle(current);
    } finally {
      live = false;
      handling = 0;
      subscription = undefined;
      current.close();
    }
  }

  async function followForever(): Promise<void> {
    while (!signal.aborted) {
      try {
        await followOnce();
      } catch (error) {
        if (!signal.aborted) log.warn({ err: error, position }, "following broke off and begins again");
      }
      await pause(backoffMs(failures++, BACKOFF), signal);
    }
  }

  const done = followForever();
  return {
    name,
    done,
    get position() {
      return position;
    },
    get live() {
      return live;
    },
    get waiting() {
      return handling + (subscription?.waiting ?? 0);
    },
    async lag() {
      if (live) return this.waiting;
      return Math.max(0, Number((await store.head()) - (position ?? 0n)));
    },
  };
}
