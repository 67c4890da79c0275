// Followers start, stall, fail and stop at random while others write, connections are cut and the store is killed. What each of them
// got must be what the log holds, read by the official client with its own decoder.
import { EventStoreDBClient, excludeSystemEvents } from "@eventstore/db-client";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { startProxyTo } from "../../test/eventstore/cuttable-proxy.ts";
import {
  counted,
  silent as log,
  numbersUpTo,
  startKillableStore,
} from "../../test/eventstore/killable-store.ts";
import { until } from "../../test/harness/wait.ts";
import { pause } from "../retry.ts";
import { callsOver } from "./calls.ts";
import { type Following, type FollowOptions, follow } from "./follow.ts";
import { shareTail } from "./shared-tail.ts";
import { openTail } from "./tail.ts";

const chaos = suite("following through chaos");
const { store, port, whileDown, stop } = await startKillableStore();
const proxy = await startProxyTo(port);
const oracle = EventStoreDBClient.connectionString(`esdb://127.0.0.1:${port}?tls=false`);
const client = EventStoreDBClient.connectionString(`esdb://127.0.0.1:${proxy.port}?tls=false`);
chaos.after(async () => {
  await Promise.all([client.dispose(), oracle.dispose()]);
  proxy.close();
  await stop();
});

const seed = Number(process.env.CHAOS_SEED ?? Date.now() % 1_000_000);
const random = generator(seed);
const below = (limit: number): number => Math.floor(random() * limit);
const oneOf = <T>(choices: readonly T[]): T => choices[below(choices.length)] as T;

/** Small, so that followers leave the tail and join it all the time. */
const MAX_WAITING = 40;
const calls = callsOver(client);
const head = () => store.head();
const tail = shareTail(() =>
  openTail({
    calls,
    log,
    head,
    feedBounds: { maxEvents: MAX_WAITING, maxBytes: 64 * 1024 },
    recentBounds: { maxEvents: 60, maxBytes: 64 * 1024 },
  }),
);

interface Follower {
  readonly following: Following;
  readonly prefixes: readonly string[];
  readonly from: FollowOptions["from"];
  readonly seen: bigint[];
  readonly maxWaiting: number;
  stop(): Promise<void>;
}

const FOLLOWERS = 80;
const AT_ONCE = 12;
const positions: bigint[] = [];
let writing = true;

async function write(writer: number): Promise<void> {
  const revisions = new Map<string, bigint>();
  while (writing) {
    const stream = `${oneOf(["a", "b", "c"])}-${below(3)}-${writer}`;
    const events = numbersUpTo(1 + below(30)).map((n) => counted(n));
    const { revision, position } = await store.append(stream, revisions.get(stream) ?? "no_stream", events);
    revisions.set(stream, revision);
    positions.push(position);
    await pause(below(10));
  }
}

function start(): Follower {
  const prefixes = oneOf([["a-"], ["b-1"], ["a-", "c-"], ["none-"], []]);
  const from = oneOf<() => FollowOptions["from"]>([
    () => "start",
    () => "end",
    () => positions.at(-1) ?? "start",
    () => oneOf(positions) ?? "start",
  ])();
  const maxCount = oneOf([1, 7, 100]);
  const gatherMs = oneOf([undefined, 20]);
  const stallMs = oneOf([0, 0, 0, 5, 200]);
  const failing = oneOf([0, 0, 0.1]);
  const stopping = new AbortController();
  const seen: bigint[] = [];
  const following = follow(
    { calls, tail, log, head },
    {
      name: "test",
      prefixes,
      from,
      batch: { maxCount, ...(gatherMs !== undefined && { gatherMs }) },
      signal: stopping.signal,
      onEvents: async (events) => {
        // Afterwards each of them can catch up.
        if (writing && stallMs > 0 && random() < 0.3) await pause(stallMs);
        if (writing && random() < failing) throw new Error("not now");
        seen.push(...events.map((event) => event.position));
      },
    },
  );
  return {
    following,
    prefixes,
    from,
    seen,
    maxWaiting: Math.max(MAX_WAITING, 2 * maxCount) + maxCount,
    async stop() {
      stopping.abort();
      await following.done;
    },
  };
}

async function disturb(): Promise<void> {
  while (writing) {
    await pause(200 + below(600));
    if (random() < 0.8) proxy.cut();
    else await whileDown(() => pause(below(300)));
  }
}

async function wholeLog(): Promise<{ stream: string; position: bigint }[]> {
  const all: { stream: string; position: bigint }[] = [];
  const subscription = oracle.subscribeToAll({ filter: excludeSystemEvents() });
  const end = await store.head();
  for await (const { event } of subscription) {
    if (event) all.push({ stream: event.streamId, position: event.position.commit });
    if (event && event.position.commit >= end) break;
  }
  return all;
}

/** What the follower should have got, up to where it says it is. */
function expected(
  { following, prefixes, from, seen }: Follower,
  all: Awaited<ReturnType<typeof wholeLog>>,
): bigint[] {
  const reached = following.position ?? 0n;
  // From the end on means from its first event on, whichever that is: nothing after it may be missing.
  const first = seen[0] ?? reached + 1n;
  const isAfterStart = (position: bigint): boolean =>
    typeof from === "bigint" ? position > from : from === "start" || position >= first;
  return all
    .filter(({ stream }) => prefixes.length === 0 || prefixes.some((prefix) => stream.startsWith(prefix)))
    .map(({ position }) => position)
    .filter((position) => isAfterStart(position) && position <= reached);
}

chaos(`each event once and in order, whatever happens (CHAOS_SEED=${seed})`, async () => {
  const writers = [0, 1, 2].map(write);
  const disturbing = disturb();
  const active: Follower[] = [];
  const stopped: Follower[] = [];
  for (let started = 0; started < FOLLOWERS; started++) {
    active.push(start());
    await pause(below(200));
    for (const { following, maxWaiting } of active) assert.ok(following.waiting <= maxWaiting);
    if (active.length < AT_ONCE) continue;
    const [leaving] = active.splice(below(active.length), 1) as [Follower];
    await leaving.stop();
    stopped.push(leaving);
  }
  writing = false;
  await Promise.all([...writers, disturbing]);

  const all = await wholeLog();
  const [last] = all.slice(-1).map(({ position }) => position);
  for (const follower of active) {
    await until("it is live", () => follower.following.live && follower.following.waiting === 0, 60_000);
    const wanted = expected(follower, all).length;
    assert.is(follower.seen.length, wanted);
    if (follower.prefixes.length === 0) assert.is(follower.following.position, last);
    await follower.stop();
  }
  for (const follower of [...active, ...stopped]) assert.equal(follower.seen, expected(follower, all));
  assert.ok(all.length > 1_000, `only ${all.length} events`);
});

chaos.run();

/** mulberry32: the same seed gives the same choices. */
function generator(from: number): () => number {
  let state = from;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
