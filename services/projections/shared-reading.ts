// Whoever begins far behind at the same place at about the same time, rebuilds above all, reads the log once with the others and decodes
// each event once.
//
// 1. A member gets every batch in order, one at a time; the next comes when all have taken this one.
// 2. Whoever can't take a batch leaves with what it has handled, and reads on by itself: nobody waits for it.
// 3. While a batch is written, one more is read and decoded. Nobody is told of the end of the log before that one is written too.
import type { EventStore } from "#platform/event-store/event-store.ts";
import type { Following, FollowOptions } from "#platform/event-store/follow.ts";
import type { StoredEvent } from "#platform/event-store/stored-event.ts";
import type { Log } from "#platform/log.ts";
import { decodeAhead } from "#projections/decoding.ts";
import { REBUILD_BATCHES } from "./write.ts";

export type Reading = Pick<Following, "lag" | "done">;

export interface ReadLog {
  follow(options: FollowOptions): Reading;
}

/** Rebuilds of everything are asked for, and models are begun, one by one: so long after the last one. */
const GATHER_MS = 500;
const MAX_GATHER_MS = 5_000;
/** Transactions at once: as many as keep a database of a few cores busy, and leave connections to others. */
const MAX_WRITES = 3;

export interface SharedReadingParts {
  readonly eventStore: Pick<EventStore, "follow" | "head">;
  readonly log: Log;
}

export function shareReading(parts: SharedReadingParts): ReadLog {
  /** By where they begin; those that have begun take nobody in any more. */
  const gathering = new Map<string, Gathering>();
  function gather(from: FollowOptions["from"]): Gathering {
    const reading = openShared(from, parts);
    const begin = setTimeout(() => {
      gathering.delete(`${from}`);
      reading.begin();
    }, GATHER_MS);
    const opened = { reading, begin, deadline: performance.now() + MAX_GATHER_MS };
    gathering.set(`${from}`, opened);
    return opened;
  }
  return {
    follow(options) {
      const { reading, begin, deadline } = gathering.get(`${options.from}`) ?? gather(options.from);
      if (performance.now() < deadline) begin.refresh();
      return reading.add(options);
    },
  };
}

interface Gathering {
  readonly reading: SharedReading;
  readonly begin: NodeJS.Timeout;
  /** Nobody is waited for any more. */
  readonly deadline: number;
}

interface SharedReading {
  add(options: FollowOptions): Reading;
  begin(): void;
}

interface Member {
  readonly options: FollowOptions;
  handled: FollowOptions["from"];
  working: Promise<void>;
  /** Since it has left. */
  alone: Following | undefined;
}

function openShared(from: FollowOptions["from"], { eventStore, log }: SharedReadingParts): SharedReading {
  const members = new Set<Member>();
  const ending = new AbortController();
  let following: Following | undefined;
  let writing: Promise<void> = Promise.resolve();

  /** Of those who wait for it to begin. */
  async function lagBefore(): Promise<number> {
    return from === "end" ? 0 : Number((await eventStore.head()) - (from === "start" ? 0n : from));
  }

  function leave(member: Member): void {
    members.delete(member);
    // Before it has begun others may come yet.
    if (members.size === 0 && following !== undefined) ending.abort();
  }

  async function give(member: Member, events: StoredEvent[], position: bigint): Promise<void> {
    const { options } = member;
    if (options.signal.aborted) return;
    try {
      await options.onEvents(events, position);
      member.handled = position;
    } catch (error) {
      leave(member);
      if (options.signal.aborted) return;
      log.warn({ err: error, following: options.name }, "rebuild can't take a batch and reads on by itself");
      member.alone = eventStore.follow({ ...options, from: member.handled });
    }
  }

  /** The first to come is the first to write. */
  async function giveAll(events: StoredEvent[], position: bigint): Promise<void> {
    const left = [...members];
    const writeNext = async (): Promise<void> => {
      for (let member = left.shift(); member !== undefined; member = left.shift()) {
        member.working = give(member, events, position);
        await member.working;
      }
    };
    await Promise.all(Array.from({ length: MAX_WRITES }, writeNext));
  }

  return {
    add(options) {
      const member: Member = { options, handled: from, working: Promise.resolve(), alone: undefined };
      members.add(member);
      const aborted = Promise.withResolvers<void>();
      const onAbort = (): void => {
        leave(member);
        aborted.resolve();
      };
      options.signal.addEventListener("abort", onAbort, { once: true });
      if (options.signal.aborted) onAbort();
      return {
        lag: () => (member.alone ?? following)?.lag() ?? lagBefore(),
        done: aborted.promise.then(() => member.working).then(() => member.alone?.done),
      };
    },
    begin() {
      if (members.size === 0) return;
      following = eventStore.follow({
        name: "rebuilds",
        prefixes: [],
        from,
        batch: REBUILD_BATCHES,
        signal: ending.signal,
        async onEvents(events, position) {
          await decodeAhead(events);
          await writing;
          writing = giveAll(events, position);
        },
        onCaughtUp() {
          void writing.then(() => {
            for (const { options } of members) options.onCaughtUp?.();
          });
        },
      });
    },
  };
}
