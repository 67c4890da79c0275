// The one subscription of a process to the whole log. It begins at the log's end, decodes each event once and hands it to all who
// follow; who is behind catches up apart and joins. See docs/decisions/0070.
//
// 1. `position` only grows. Everything up to it that a joined feed wants was pushed to that feed, or the feed has ended.
// 2. A message is taken in without a pause: who joins between two messages gets what follows `position` from the next message on, and
//    what is before it from `recent`, each event once.
// 3. `recent` has every event after its floor that the interest covered; who joins must stand at or after both the floor and the
//    position at which its streams came into the interest.
// 4. The tail waits for nobody. A feed that is full ends, with what it holds, and its follower comes back when it can.
// 5. One reading at a time; what an earlier one still sends is dropped.
import type { Log } from "../log.ts";
import { backoffMs, pause } from "../retry.ts";
import type { Calls } from "./calls.ts";
import { type Bounds, Feed } from "./feed.ts";
import { Interest } from "./interest.ts";
import { encodeSubscription } from "./read-request.ts";
import type { ReadMessage } from "./read-response.ts";
import { openReading } from "./reading.ts";
import { RecentEvents } from "./recent-events.ts";
import type { RecordedEvent } from "./recorded-event.ts";

export interface Tail {
  /** Where it is in the log, when that is its end; undefined while the tail is behind. */
  readonly end: bigint | undefined;
  /** Resolves once it is known where the tail begins. */
  readonly begun: Promise<void>;
  /** Has to come before join(). Returns what ends it. */
  want(prefixes: readonly string[]): () => void;
  /** What follows `from` in these streams, which are wanted; undefined when `from` is too long ago. */
  join(prefixes: readonly string[], from: bigint): Feed | undefined;
  /** Lets go of a feed that nobody takes from any more. */
  leave(feed: Feed): void;
  close(): void;
}

export interface TailOptions {
  readonly calls: Calls;
  readonly log: Log;
  readonly head: () => Promise<bigint>;
  /** For what waits for one follower. */
  readonly feedBounds: Bounds;
  readonly recentBounds: Bounds;
}

const BACKOFF = { baseMs: 50, maxMs: 3000 };

export function openTail({ calls, log, head, feedBounds, recentBounds }: TailOptions): Tail {
  const interest = new Interest();
  const joined = new Map<Feed, readonly string[]>();
  const begun = Promise.withResolvers<void>();
  const closing = new AbortController();
  let position: bigint | undefined;
  let recent: RecentEvents;
  let live = false;
  let failures = 0;
  let readAnew = (): void => undefined;

  function receive(message: ReadMessage): void {
    switch (message.kind) {
      case "event":
        if (message.position > place()) take(message.event, message.position);
        break;
      case "checkpoint":
        if (message.position > place()) position = message.position;
        for (const feed of joined.keys()) feed.checkpoint(place());
        break;
      case "caught_up":
        live = true;
        failures = 0;
        for (const feed of joined.keys()) feed.caughtUp();
        break;
      case "fell_behind":
        fallBehind();
        break;
      case "stream_not_found":
      case "other":
        break;
    }
  }

  function take(event: RecordedEvent | undefined, at: bigint): void {
    for (const [feed, prefixes] of joined) {
      if (event && isWanted(event, prefixes)) offer(feed, event);
      else feed.moveTo(at);
    }
    if (event) recent.push(event);
    position = at;
  }

  /** Invariant 4. */
  function offer(feed: Feed, event: RecordedEvent): void {
    if (feed.full) {
      feed.end();
      joined.delete(feed);
    } else {
      feed.push(event);
    }
  }

  function fallBehind(): void {
    live = false;
    for (const feed of joined.keys()) feed.live = false;
  }

  const place = (): bigint => position ?? 0n;

  /** Until it breaks, or until something else is wanted or the tail is closed. */
  function readOn(): Promise<void> {
    const over = Promise.withResolvers<void>();
    const reading = openReading(calls, {
      request: encodeSubscription(interest.prefixes, place()),
      onMessage: receive,
      onEnd: (error) => over.reject(error ?? new Error("the subscription ended")),
    });
    readAnew = over.resolve;
    return over.promise.finally(() => reading.cancel());
  }

  async function begin(): Promise<void> {
    position = await head();
    recent = new RecentEvents(position, recentBounds);
    begun.resolve();
  }

  async function run(): Promise<void> {
    while (!closing.signal.aborted) {
      try {
        if (position === undefined) await begin();
        else await readOn();
      } catch (error) {
        if (closing.signal.aborted) return;
        fallBehind();
        log.warn({ err: error, position }, "tail of the log broke off and begins again");
        await pause(backoffMs(failures++, BACKOFF), closing.signal);
      }
    }
  }

  void run();

  return {
    begun: begun.promise,
    get end() {
      return live ? position : undefined;
    },
    want(prefixes) {
      if (interest.add(prefixes, place())) readAnew();
      return () => {
        if (interest.remove(prefixes, place())) readAnew();
      };
    },
    join(prefixes, from) {
      if (position === undefined || from < recent.floor || from < interest.since(prefixes)) return undefined;
      const feed = new Feed(from, feedBounds);
      joined.set(feed, prefixes);
      for (const event of recent.after(from)) if (isWanted(event, prefixes)) offer(feed, event);
      feed.moveTo(position);
      if (live) feed.caughtUp();
      return feed;
    },
    leave(feed) {
      feed.end();
      joined.delete(feed);
    },
    close() {
      closing.abort();
      readAnew();
    },
  };
}

const isWanted = ({ stream }: RecordedEvent, prefixes: readonly string[]): boolean =>
  prefixes.some((prefix) => stream.startsWith(prefix));
