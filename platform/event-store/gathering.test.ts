import { suite } from "uvu";
import * as assert from "uvu/assert";
import { until } from "../../test/harness/wait.ts";
import { Feed } from "./feed.ts";
import { recorded } from "./fixtures/recorded.ts";
import { Gathering } from "./gathering.ts";

const gatherings = suite("gathering");

const never = new AbortController().signal;
const WIDE = { maxEvents: 10_000, maxBytes: 100_000_000 };

function feedWith(count: number): Feed {
  const feed = new Feed(0n, WIDE);
  for (let n = 1; n <= count; n++) feed.push(recorded({ position: BigInt(n) }));
  return feed;
}

/** Whether it waits, as far as one can tell without letting the time pass: it does not resolve by itself. */
async function waits(gathering: Gathering, feed: Feed): Promise<boolean> {
  const stopping = new AbortController();
  let ready = false;
  const gathered = gathering.fuller(feed, stopping.signal).then(() => {
    ready = true;
  });
  await new Promise(setImmediate);
  const waited = !ready;
  stopping.abort();
  await gathered;
  return waited;
}

gatherings("waits for nothing in an idle system, nor for a handful in a row", async () => {
  const gathering = new Gathering({ maxCount: 100, gatherMs: 60_000 });
  assert.not(await waits(gathering, feedWith(1)));
  for (const count of [1, 2, 1, 2, 1]) {
    gathering.took(count);
    assert.not(await waits(gathering, feedWith(1)));
  }
});

gatherings("waits while many come, until the batch is full", async () => {
  const gathering = new Gathering({ maxCount: 100, gatherMs: 60_000 });
  gathering.took(50);
  assert.ok(await waits(gathering, feedWith(1)));
  assert.not(await waits(gathering, feedWith(100)));
  const feed = feedWith(1);
  const gathered = gathering.fuller(feed, never);
  for (let n = 2; n <= 100; n++) feed.push(recorded({ position: BigInt(n) }));
  await gathered;
  assert.is(feed.waiting, 100);
});

gatherings("does not wait with nothing at hand: what only moves the position goes on at once", async () => {
  const gathering = new Gathering({ maxCount: 100, gatherMs: 60_000 });
  gathering.took(50);
  assert.not(await waits(gathering, feedWith(0)));
});

gatherings("waits no longer than told, and no more once few come", async () => {
  const gathering = new Gathering({ maxCount: 100, gatherMs: 10 });
  gathering.took(17);
  await gathering.fuller(feedWith(1), never);
  await until("it waits no more", async () => !(await waits(gathering, feedWith(1))));
});

gatherings("waits longer at full speed, and not longer where a batch came after a rest", async () => {
  const gathering = new Gathering({ maxCount: 10_000, gatherMs: 1, maxGatherMs: 60_000 });
  gathering.took(5_000);
  // As long as a batch of a slow stream takes.
  const early = performance.now();
  while (performance.now() - early < 5);
  assert.not(await waits(gathering, feedWith(1)));
  gathering.took(5_000);
  assert.ok(await waits(gathering, feedWith(1)));
});

gatherings.run();
