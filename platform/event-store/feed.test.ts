import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Feed } from "./feed.ts";
import { recorded } from "./fixtures/recorded.ts";

const feeds = suite("feed");

const never = new AbortController().signal;
const WIDE = { maxEvents: 100, maxBytes: 1_000_000 };
const LONG_MS = 60_000;

function push(feed: Feed, ...positions: number[]): void {
  for (const position of positions) feed.push(recorded({ position: BigInt(position) }));
}

function take(feed: Feed, maxCount = 100) {
  const { events, position, caughtUp } = feed.take(maxCount);
  return { taken: events.map((event) => Number(event.position)), position, caughtUp };
}

feeds("gives what came, in order, up to as many as are asked for", () => {
  const feed = new Feed(0n, WIDE);
  push(feed, 1, 2, 3);
  assert.equal(take(feed, 2), { taken: [1, 2], position: 2n, caughtUp: false });
  assert.equal(take(feed, 2), { taken: [3], position: 3n, caughtUp: false });
});

feeds("passes over what it had before", () => {
  const feed = new Feed(2n, WIDE);
  push(feed, 1, 2, 3, 3, 2);
  assert.equal(take(feed).taken, [3]);
});

feeds("is as far as the last of what it holds, and behind that as far as its source", () => {
  const feed = new Feed(0n, WIDE);
  push(feed, 1, 2);
  feed.moveTo(9n);
  assert.is(take(feed, 1).position, 1n);
  assert.is(take(feed, 1).position, 9n);
});

feeds("tells of a checkpoint without an event, but not of every event of others", async () => {
  const feed = new Feed(0n, WIDE);
  feed.moveTo(5n);
  const arrival = feed.arrival(never);
  let arrived = false;
  void arrival.then(() => {
    arrived = true;
  });
  await new Promise(setImmediate);
  assert.not(arrived);
  feed.checkpoint(6n);
  assert.ok(await arrival);
  assert.equal(take(feed), { taken: [], position: 6n, caughtUp: false });
});

feeds("says that the end was reached with the last event before it", () => {
  const feed = new Feed(0n, WIDE);
  push(feed, 1, 2, 3);
  feed.caughtUp();
  push(feed, 4);
  assert.not(take(feed, 2).caughtUp);
  assert.equal(take(feed, 2), { taken: [3, 4], position: 4n, caughtUp: true });
  assert.not(take(feed).caughtUp);
});

feeds("gives what it holds before it says that it has ended", async () => {
  const feed = new Feed(0n, WIDE);
  push(feed, 1);
  feed.end();
  push(feed, 2);
  feed.moveTo(7n);
  assert.ok(await feed.arrival(never));
  assert.equal(take(feed), { taken: [1], position: 1n, caughtUp: false });
  assert.not(await feed.arrival(never));
});

feeds("throws what broke its source, once the rest is taken", async () => {
  const feed = new Feed(0n, WIDE);
  push(feed, 1);
  feed.end(new Error("broken"));
  assert.ok(await feed.arrival(never));
  take(feed);
  const failure = await feed.arrival(never).catch((error: Error) => error.message);
  assert.is(failure, "broken");
});

feeds("stops waiting when it is told to", async () => {
  const stopping = new AbortController();
  const feed = new Feed(0n, WIDE);
  const arrival = feed.arrival(stopping.signal);
  stopping.abort();
  assert.not(await arrival);
});

feeds("is full at either bound, and asks for more at half of it", () => {
  for (const bounds of [
    { maxEvents: 4, maxBytes: 1_000_000 },
    { maxEvents: 1_000, maxBytes: 4 * recorded({ position: 1n }).size },
  ]) {
    let asked = 0;
    const feed = new Feed(0n, bounds, () => {
      asked += 1;
    });
    push(feed, 1, 2, 3);
    assert.not(feed.full);
    take(feed, 3);
    assert.is(asked, 0);
    push(feed, 4, 5, 6, 7);
    assert.ok(feed.full);
    take(feed, 1);
    take(feed, 1);
    assert.is(asked, 0);
    take(feed, 1);
    assert.is(asked, 1);
    take(feed, 1);
    assert.is(asked, 1);
  }
});

feeds("waits for a fuller batch, no longer than told", async () => {
  const feed = new Feed(0n, WIDE);
  push(feed, 1);
  const filled = feed.fill(3, LONG_MS, never);
  push(feed, 2);
  setImmediate(() => push(feed, 3));
  await filled;
  assert.equal(take(feed).taken, [1, 2, 3]);
  push(feed, 4);
  await feed.fill(3, 5, never);
  assert.equal(take(feed).taken, [4]);
});

feeds("waits for nothing that can't come", async () => {
  const stopping = new AbortController();
  const [ended, atEnd, small, stopped] = [
    new Feed(0n, WIDE),
    new Feed(0n, WIDE),
    new Feed(0n, { ...WIDE, maxEvents: 4 }),
    new Feed(0n, WIDE),
  ];
  const filled = [ended, atEnd, small].map((feed) => feed.fill(50, LONG_MS, never));
  filled.push(stopped.fill(50, LONG_MS, stopping.signal));
  ended.end();
  atEnd.caughtUp();
  push(small, 1, 2);
  stopping.abort();
  await Promise.all(filled);
});

feeds.run();
