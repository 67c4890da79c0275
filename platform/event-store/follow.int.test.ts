import { suite } from "uvu";
import * as assert from "uvu/assert";
import {
  counted as event,
  numberOf,
  numbersUpTo,
  startKillableStore,
} from "../../test/eventstore/killable-store.ts";
import { until } from "../../test/harness/wait.ts";
import type { StoredEvent } from "./stored-event.ts";

const follows = suite("following");
const { store, whileDown, stop } = await startKillableStore();
const stopping = new AbortController();
follows.after(async () => {
  stopping.abort();
  await stop();
});

follows("follows across a crash: every event once, in order, live again", async () => {
  const seen: StoredEvent[] = [];
  let caughtUp = 0;
  const following = store.follow({
    name: "test",
    prefixes: ["follow-"],
    from: "start",
    batch: { maxCount: 10 },
    onEvents: async (batch) => {
      assert.ok(batch.length <= 10);
      seen.push(...batch);
    },
    onCaughtUp: () => {
      caughtUp += 1;
    },
    signal: stopping.signal,
  });
  await store.append(
    "follow-1",
    "no_stream",
    numbersUpTo(50).map((n) => event(n)),
  );
  await store.append("other-1", "no_stream", [event(999)]);
  await until("it is live", () => following.live && seen.length === 50);
  await whileDown(() => until("it notices", () => !following.live).then(() => undefined));
  await store.append(
    "follow-1",
    49n,
    numbersUpTo(50).map((n) => event(50 + n)),
  );
  await until("it has caught up", () => seen.length === 100 && following.live);
  assert.equal(seen.map(numberOf), numbersUpTo(100));
  assert.ok(caughtUp >= 2);
  assert.is(following.position, seen.at(-1)?.position);
  assert.is(await following.lag(), 0);
});

follows("gives the same events again when handling them failed", async () => {
  const handled: number[] = [];
  let failures = 2;
  const own = new AbortController();
  const following = store.follow({
    name: "failing",
    prefixes: ["again-"],
    from: await store.head(),
    onEvents: async (batch) => {
      if (failures-- > 0) throw new Error("not now");
      handled.push(...batch.map(numberOf));
    },
    signal: own.signal,
  });
  await store.append("again-1", "no_stream", [event(1), event(2)]);
  await until("all is handled", () => handled.length === 2);
  own.abort();
  await following.done;
  assert.equal(handled, [1, 2]);
});

follows("follows only what comes after the end when told so", async () => {
  await store.append("late-1", "no_stream", [event(0)]);
  const seen: number[] = [];
  const own = new AbortController();
  const following = store.follow({
    name: "from the end",
    prefixes: ["late-"],
    from: "end",
    onEvents: async (batch) => {
      seen.push(...batch.map(numberOf));
    },
    signal: own.signal,
  });
  await until("it is live", () => following.live);
  await store.append("late-1", 0n, [event(1)]);
  await until("the new event", () => seen.length > 0);
  own.abort();
  await following.done;
  assert.equal(seen, [1]);
});

follows("waits for who handles, and lets the last batch finish before it is done", async () => {
  await store.append(
    "long-1",
    "no_stream",
    numbersUpTo(1000).map((n) => event(n)),
  );
  let atOnce = 0;
  let most = 0;
  let finished = 0;
  const own = new AbortController();
  const following = store.follow({
    name: "slow",
    prefixes: ["long-"],
    from: "start",
    batch: { maxCount: 100 },
    onEvents: async () => {
      atOnce += 1;
      most = Math.max(most, atOnce);
      await new Promise((resolve) => setTimeout(resolve, 20));
      atOnce -= 1;
      finished += 1;
    },
    signal: own.signal,
  });
  await until("some are handled", () => finished >= 3);
  own.abort();
  await following.done;
  const then = finished;
  assert.is(atOnce, 0);
  assert.is(most, 1);
  await store.append("sentinel-1", "no_stream", [event(0)]);
  assert.is(finished, then);
});

follows("moves on past what others write, so that a restart need not pass it again", async () => {
  const positions: bigint[] = [];
  const own = new AbortController();
  const from = await store.head();
  const following = store.follow({
    name: "checkpoints",
    prefixes: ["never-"],
    from,
    onEvents: async (batch, position) => {
      assert.is(batch.length, 0);
      positions.push(position);
    },
    signal: own.signal,
  });
  for (let part = 0; part < 4; part++) {
    await store.append(
      `noise-${part}`,
      "no_stream",
      numbersUpTo(1000).map((n) => event(n)),
    );
  }
  await until("a checkpoint", () => positions.length > 0);
  own.abort();
  await following.done;
  assert.ok(positions.every((position) => position > from));
});

follows.run();
