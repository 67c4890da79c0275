import { EventStoreDBClient } from "@eventstore/db-client";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import {
  counted,
  silent as log,
  numberOf,
  numbersUpTo,
  startKillableStore,
} from "../../test/eventstore/killable-store.ts";
import { until } from "../../test/harness/wait.ts";
import { type Calls, callsOver } from "./calls.ts";
import { type Following, type FollowOptions, follow } from "./follow.ts";
import { shareTail } from "./shared-tail.ts";
import type { StoredEvent } from "./stored-event.ts";
import { openTail } from "./tail.ts";

const tails = suite("tail of the log");
const { store, port, whileDown, stop } = await startKillableStore();
const client = EventStoreDBClient.connectionString(`esdb://127.0.0.1:${port}?tls=false`);
tails.after(async () => {
  await client.dispose();
  await stop();
});

/** Reads that were asked for, and what they brought. */
const asked = { reads: 0, open: 0, messages: 0 };
const calls: Calls = {
  ...callsOver(client),
  async read(request, deadline) {
    const stream = await callsOver(client).read(request, deadline);
    asked.reads += 1;
    asked.open += 1;
    stream.once("close", () => {
      asked.open -= 1;
    });
    const push = stream.push.bind(stream);
    stream.push = (message: unknown) => {
      if (message !== null) asked.messages += 1;
      return push(message);
    };
    return stream;
  },
};

const MAX_WAITING = 50;
const head = () => store.head();
const tail = shareTail(() =>
  openTail({
    calls,
    log,
    head,
    feedBounds: { maxEvents: MAX_WAITING, maxBytes: 1024 * 1024 },
    recentBounds: { maxEvents: 100, maxBytes: 1024 * 1024 },
  }),
);

interface Seen {
  readonly following: Following;
  readonly events: StoredEvent[];
  readonly numbers: () => number[];
  stop(): Promise<void>;
}

/** Follows and keeps what it got. `handle` may be slow, or fail. */
function following(
  prefixes: readonly string[],
  options: Partial<FollowOptions> & { readonly handle?: (events: StoredEvent[]) => Promise<void> } = {},
): Seen {
  const { handle, ...rest } = options;
  const stopping = new AbortController();
  const events: StoredEvent[] = [];
  const following = follow(
    { calls, tail, log, head },
    {
      name: "test",
      prefixes,
      from: "end",
      signal: stopping.signal,
      onEvents: async (batch) => {
        await handle?.(batch);
        events.push(...batch);
      },
      ...rest,
    },
  );
  return {
    following,
    events,
    numbers: () => events.map(numberOf),
    async stop() {
      stopping.abort();
      await following.done;
    },
  };
}

const isLive = (seen: Seen) => until("it is live", () => seen.following.live);
const appendTo = (stream: string, count: number, from = 0) =>
  store.append(
    stream,
    from === 0 ? "no_stream" : BigInt(from - 1),
    numbersUpTo(count).map((n) => counted(from + n)),
  );
const stopAll = (all: readonly Seen[]) => Promise.all(all.map((one) => one.stop()));

tails("is one subscription, however many follow, and all of them get the same events", async () => {
  const all = [["one-"], ["one-", "two-"], ["one-"], []].map((prefixes) => following(prefixes));
  for (const seen of all) await isLive(seen);
  assert.is(asked.open, 1);
  await appendTo("one-1", 3);
  await appendTo("two-1", 2);
  const [one, both, same, everything] = all as [Seen, Seen, Seen, Seen];
  await until("all have theirs", () => everything.events.length === 5 && both.events.length === 5);
  assert.equal(one.numbers(), [0, 1, 2]);
  assert.equal(both.numbers(), [0, 1, 2, 0, 1]);
  assert.is(same.events[0], one.events[0]);
  assert.is(everything.events[0], one.events[0]);
  await stopAll(all);
  await until("the subscription is closed", () => asked.open === 0);
});

tails("asks the store for no more than is followed, and for more when more is", async () => {
  const few = following(["few-"]);
  await isLive(few);
  const before = asked.messages;
  const from = await store.head();
  await appendTo("many-1", 500);
  await appendTo("few-1", 1);
  await until("the one that it wants", () => few.events.length === 1);
  assert.is(asked.messages - before, 1);

  const many = following(["many-"], { from });
  await until("it has caught up", () => many.events.length === 500);
  await until("both are on the tail", () => asked.open === 1);
  await appendTo("many-1", 1, 500);
  await appendTo("few-1", 1, 1);
  await until("both go on", () => many.events.length === 501 && few.events.length === 2);
  assert.ok(few.following.live && many.following.live);
  assert.equal(many.numbers(), numbersUpTo(501));

  await many.stop();
  await until("it is read anew", () => asked.open === 1);
  const then = asked.messages;
  await appendTo("many-1", 100, 501);
  await appendTo("few-1", 1, 2);
  await until("the third", () => few.events.length === 3);
  assert.ok(asked.messages - then < 100);
  await few.stop();
});

tails("needs no subscription of its own for what happened a moment ago", async () => {
  const all = following([]);
  await isLive(all);
  const { position } = await appendTo("moment-1", 1);
  await appendTo("moment-1", 9, 1);
  await until("the tail has it", () => all.events.length === 10);
  const before = asked.reads;
  const late = following(["moment-"], { from: position });
  await until("it has the rest", () => late.events.length === 9);
  assert.is(asked.reads, before);
  await stopAll([all, late]);
});

tails("gives the same events again when handling them failed, out of its memory", async () => {
  let failures = 3;
  const failing = following(["fail-"], {
    handle: async () => {
      if (failures-- > 0) throw new Error("not now");
    },
  });
  await isLive(failing);
  const before = asked.reads;
  await appendTo("fail-1", 20);
  await until("all are handled", () => failing.events.length === 20);
  assert.equal(failing.numbers(), numbersUpTo(20));
  assert.is(failures, -1);
  assert.is(asked.reads, before);
  await failing.stop();
});

tails("holds little for a follower that stands still, and holds nobody up", async () => {
  const gate = Promise.withResolvers<void>();
  const stuck = following(["busy-"], { handle: () => gate.promise, batch: { maxCount: 10 } });
  const fast = following(["busy-"]);
  await isLive(stuck);
  await isLive(fast);
  const count = 5_000;
  for (let from = 0; from < count; from += 500) {
    await appendTo("busy-1", 500, from);
    assert.ok(stuck.following.waiting <= MAX_WAITING + 10);
  }
  await until("the fast one has all", () => fast.events.length === count);
  assert.not(stuck.following.live);
  assert.ok((await stuck.following.lag()) > count / 2);
  gate.resolve();
  await until("the slow one has all", () => stuck.events.length === count && stuck.following.live);
  assert.equal(stuck.numbers(), numbersUpTo(count));
  assert.equal(fast.numbers(), numbersUpTo(count));
  await until("it is back on the tail", () => asked.open === 1);
  await stopAll([stuck, fast]);
});

tails("goes on while a follower leaves a long history unread on the same connection", async () => {
  const padding = "x".repeat(2_000);
  const from = await store.head();
  for (let part = 0; part < 20; part++) {
    await store.append(
      `history-${part}`,
      "no_stream",
      numbersUpTo(200).map((n) => ({ ...counted(n), data: { n, padding } })),
    );
  }
  const gate = Promise.withResolvers<void>();
  const behind = following(["history-"], { from, handle: () => gate.promise, batch: { maxCount: 10 } });
  await until("it is full", () => behind.following.waiting >= 20);
  const fast = following(["news-"]);
  await isLive(fast);
  await appendTo("news-1", 1_000);
  await until("the news", () => fast.events.length === 1_000);
  assert.ok(behind.following.waiting <= 40);
  gate.resolve();
  await until("the history", () => behind.events.length === 4_000);
  await stopAll([behind, fast]);
});

tails("asks nobody how far behind it is while it is live", async () => {
  const all = following([]);
  await isLive(all);
  const before = asked.reads;
  assert.is(await all.following.lag(), 0);
  const gate = Promise.withResolvers<void>();
  const behind = following(["busy-"], { from: "start", handle: () => gate.promise });
  await until("it has something", () => behind.following.waiting > 0);
  assert.is(asked.reads, before + 1);
  assert.ok((await behind.following.lag()) >= 5_000);
  assert.is(asked.reads, before + 1);
  gate.resolve();
  await stopAll([all, behind]);
});

tails("goes on where it was when the store was away, for all who follow", async () => {
  let ends = 0;
  const onCaughtUp = () => {
    ends += 1;
  };
  const all = [following(["away-"], { onCaughtUp }), following([], { onCaughtUp })];
  for (const seen of all) await isLive(seen);
  assert.is(ends, 2);
  await appendTo("away-1", 10);
  await whileDown(() =>
    until("they notice", () => all.every((seen) => !seen.following.live)).then(() => undefined),
  );
  await appendTo("away-1", 2_000, 10);
  for (const seen of all) {
    await until("it has all", () => seen.events.length === 2_010 && seen.following.live);
    assert.equal(seen.numbers(), numbersUpTo(2_010));
  }
  assert.ok(ends >= 4);
  await stopAll(all);
});

tails("begins when the store is there, and ends before that when told to", async () => {
  let waiting: Seen | undefined;
  await whileDown(async () => {
    const impatient = following(["early-"], { from: "start" });
    await impatient.stop();
    waiting = following(["early-"], { from: "start" });
  });
  await appendTo("early-1", 3);
  await until("it has them", () => waiting?.events.length === 3);
  await waiting?.stop();
});

tails("fills batches while many come", async () => {
  let batches = 0;
  const gathering = following(["gather-"], {
    batch: { maxCount: 100, gatherMs: 300 },
    handle: async () => {
      batches += 1;
    },
  });
  await isLive(gathering);
  await appendTo("gather-1", 100);
  for (let n = 100; n < 400; n++) await appendTo("gather-1", 1, n);
  await until("all are handled", () => gathering.events.length === 400);
  assert.equal(gathering.numbers(), numbersUpTo(400));
  assert.ok(batches < 60, `${batches} batches`);
  await gathering.stop();
});

tails.run();
