// Follows the log and never gives up: on the tail that all followers of the process share, or behind it on a subscription of its own.
//
// 1. One call of onEvents at a time, in the order of the log; `position` moves only after it has resolved.
// 2. A feed is left only for another one that begins at `position`, so that nothing is missed and nothing comes twice. What a feed held
//    when onEvents threw comes again, because the next feed begins before it.
// 3. At most one feed is open, and none after `done`.
import type { Log } from "../log.ts";
import { backoffMs, pause } from "../retry.ts";
import { BatchLimit } from "./batch-limit.ts";
import type { Calls } from "./calls.ts";
import { catchUp } from "./catch-up.ts";
import type { Bounds, Feed } from "./feed.ts";
import { Gathering } from "./gathering.ts";
import { EVERYTHING } from "./read-request.ts";
import type { SharedTail } from "./shared-tail.ts";
import type { StoredEvent } from "./stored-event.ts";

export interface FollowOptions {
  readonly name: string;
  /** Streams whose names begin with one of these; all of them when there is none. */
  readonly prefixes: readonly string[];
  /** The position that was handled last; events after it follow. */
  readonly from: bigint | "start" | "end";
  /**
   * Gets what has arrived, in order; the next call waits for this one. `position` is how far the log is then handled; an empty
   * batch only moves it. When it throws, the same events come again. The events are shared with other followers.
   */
  readonly onEvents: (events: StoredEvent[], position: bigint) => Promise<void>;
  /** Each time the end of the log is reached and everything before it is handled. */
  readonly onCaughtUp?: () => void;
  /**
   * With `gatherMs`, and while many come, a batch that is not full is taken no sooner than that after the one before; `maxGatherMs` is the
   * same at full speed. A batch that took longer than `aimMs` is followed by a smaller one. `maxBytes` is what may wait while the follower
   * is behind the tail; 4 MiB unless told.
   */
  readonly batch?: {
    readonly maxCount: number;
    readonly gatherMs?: number;
    readonly maxGatherMs?: number;
    readonly aimMs?: number;
    readonly maxBytes?: number;
  };
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
  readonly calls: Calls;
  readonly tail: SharedTail;
  readonly log: Log;
  head(): Promise<bigint>;
}

const BACKOFF = { baseMs: 50, maxMs: 3000 };
const BATCH = 500;
/** What a subscription of one's own may hold: enough to work on while more comes. */
const MAX_BYTES_BEHIND = 4 * 1024 * 1024;

/** What a follower takes from. */
interface Source {
  readonly feed: Feed;
  readonly isTail: boolean;
  close(): void;
}

export function follow(store: FollowedStore, options: FollowOptions): Following {
  const { name, signal, onEvents, onCaughtUp } = options;
  const { maxCount = BATCH, gatherMs, maxGatherMs, aimMs, maxBytes = MAX_BYTES_BEHIND } = options.batch ?? {};
  const prefixes = options.prefixes.length > 0 ? options.prefixes : [EVERYTHING];
  const behind: Bounds = { maxEvents: 2 * maxCount, maxBytes };
  const log = store.log.child({ following: name });
  const gathering = gatherMs === undefined ? undefined : new Gathering({ maxCount, gatherMs, maxGatherMs });
  const limit = new BatchLimit({ maxCount, aimMs: aimMs ?? Number.POSITIVE_INFINITY });
  const tail = store.tail.use();
  const unwant = tail.want(prefixes);
  let position = typeof options.from === "bigint" ? options.from : undefined;
  let current: Feed | undefined;
  let handling = 0;
  let failures = 0;

  async function handle(feed: Feed): Promise<void> {
    await gathering?.fuller(feed, signal);
    if (signal.aborted) return;
    const { events, position: reached, caughtUp } = feed.take(limit.count);
    gathering?.took(events.length);
    // A checkpoint need not be news.
    if (reached !== undefined && (position === undefined || reached > position)) {
      handling = events.length;
      const began = performance.now();
      // Also when it fails: what comes again after a time-out must be less.
      await onEvents(events, reached).finally(() => limit.took(events.length, performance.now() - began));
      handling = 0;
      position = reached;
      failures = 0;
    }
    if (!caughtUp || feed.live) return;
    feed.live = !feed.ended;
    log.debug({ position }, "caught up");
    onCaughtUp?.();
  }

  function joinTail(): Source | undefined {
    const feed = tail.join(prefixes, position ?? 0n);
    return feed && { feed, isTail: true, close: () => tail.leave(feed) };
  }

  function openSource(): Source {
    return joinTail() ?? { isTail: false, ...catchUp(store.calls, prefixes, position ?? 0n, behind) };
  }

  /** The tail instead, as soon as it has what comes next. */
  function moveOn(source: Source): Source {
    const next = source.isTail ? undefined : joinTail();
    if (next === undefined) return source;
    next.feed.live = source.feed.live && tail.end !== undefined;
    source.close();
    return next;
  }

  /** Until the source ends or breaks, onEvents throws, or the signal is given. */
  async function followOnce(): Promise<void> {
    // Known first, so that whoever has caught up afterwards is not before it.
    await Promise.race([tail.begun, stopped]);
    // A definite place, so that nothing is missed when the first source breaks before its first event.
    if (position === undefined && options.from === "end") position = await store.head();
    if (signal.aborted) return;
    let source = openSource();
    try {
      current = source.feed;
      while (await source.feed.arrival(signal)) {
        await handle(source.feed);
        source = moveOn(source);
        current = source.feed;
      }
    } finally {
      current = undefined;
      handling = 0;
      source.close();
    }
  }

  async function followForever(): Promise<void> {
    while (!signal.aborted) {
      try {
        await followOnce();
      } catch (error) {
        if (signal.aborted) break;
        log.warn({ err: error, position }, "following broke off and begins again");
        await pause(backoffMs(failures++, BACKOFF), signal);
      }
    }
    unwant();
    store.tail.release();
  }

  const stopped = new Promise<void>((resolve) => {
    signal.addEventListener("abort", () => resolve(), { once: true });
    if (signal.aborted) resolve();
  });
  const done = followForever();
  return {
    name,
    done,
    get position() {
      return position;
    },
    get live() {
      return current?.live ?? false;
    },
    get waiting() {
      return handling + (current?.waiting ?? 0);
    },
    async lag() {
      if (this.live) return this.waiting;
      return Math.max(0, Number((tail.end ?? (await store.head())) - (position ?? 0n)));
    },
  };
}
