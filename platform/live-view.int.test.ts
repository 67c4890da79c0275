import { suite } from "uvu";
import * as assert from "uvu/assert";
import { z } from "zod";
import { counted, numbersUpTo, silent, startKillableStore } from "../test/eventstore/killable-store.ts";
import { until } from "../test/harness/wait.ts";
import { createCodec } from "./event-store/codec.ts";
import type { EventStore } from "./event-store/event-store.ts";
import type { FollowOptions } from "./event-store/follow.ts";
import { newUuid } from "./ids.ts";
import { createLifecycle } from "./lifecycle.ts";
import { type LiveView, liveView } from "./live-view.ts";
import { createMetrics } from "./metrics.ts";

const views = suite("live view");
const { store, whileDown, stop } = await startKillableStore();
const lifecycle = createLifecycle({ log: silent, deadlineMs: 5_000 });
views.after(async () => {
  await lifecycle.stop("the test is over");
  await stop();
});

const metrics = createMetrics();
const codec = createCodec({
  Counted: { version: 2, schema: z.object({ n: z.number() }), upcasts: { 1: (data) => data } },
});
type Derive = (numbers: readonly number[]) => readonly number[] | Promise<readonly number[]>;

/** All numbers that were counted in these streams, in the order in which the view took them in. */
function numbersIn(
  streams: readonly string[],
  eventStore: EventStore = store,
  derive: Derive = (numbers) => numbers,
): Promise<LiveView<readonly number[]>> {
  return liveView({
    name: "numbers",
    streams,
    eventStore,
    codec,
    initial: [] as readonly number[],
    evolve: (numbers, { data }) => [...numbers, data.n],
    derive,
    lifecycle,
    log: silent,
    metrics,
  });
}

views("knows at the start what its streams say, and follows from there", async () => {
  await store.append("numbers", "no_stream", [counted(1), counted(2)]);
  const view = await numbersIn(["numbers"]);
  assert.equal(view.current(), [1, 2]);
  const told: (readonly number[])[] = [];
  view.onChange((numbers) => told.push(numbers));
  const { position } = await store.append("numbers", 1n, [counted(3)]);
  await view.reached(position, 10_000);
  assert.equal(view.current(), [1, 2, 3]);
  assert.equal(told, [[1, 2, 3]]);
});

views("reads no more than its streams, however much else there is", async () => {
  for (const part of numbersUpTo(3)) {
    await store.append(
      `noise-${part}`,
      "no_stream",
      numbersUpTo(1_000).map((n) => counted(n)),
    );
  }
  await store.append("few", "no_stream", [counted(1)]);
  const head = await store.head();
  const asked: { followed: FollowOptions["from"][]; read: string[] } = { followed: [], read: [] };
  const watched: EventStore = {
    ...store,
    streamEvents(stream, from) {
      asked.read.push(stream);
      return store.streamEvents(stream, from);
    },
    follow(options) {
      asked.followed.push(options.from);
      return store.follow(options);
    },
  };
  const view = await numbersIn(["few", "none"], watched);
  assert.equal(view.current(), [1]);
  assert.equal(asked, { followed: [head], read: ["few", "none"] });
});

views("takes in each event once, whatever is appended while it starts", async () => {
  const streams = ["racing", "racing-2"];
  let running = true;
  const appended = streams.map(async (stream) => {
    for (let n = 0; running; n++) {
      await store.append(stream, n === 0 ? "no_stream" : BigInt(n - 1), [counted(n)]);
    }
  });
  const started = [];
  for (let starts = 0; starts < 20; starts++) started.push(await numbersIn(["racing"]));
  running = false;
  await Promise.all(appended);
  const count = (await store.readStream("racing")).length;
  for (const view of started) {
    await until("it knows the last", () => view.current().at(-1) === count - 1);
    assert.equal(view.current(), numbersUpTo(count));
  }
});

views("passes over streams whose names only begin like its own", async () => {
  const view = await numbersIn(["kind"]);
  await store.append("kind-of", "no_stream", [counted(7)]);
  const { position } = await store.append("kind", "no_stream", [counted(1)]);
  await view.reached(position, 10_000);
  assert.equal(view.current(), [1]);
});

views("counts an event once although what is derived from it failed at first", async () => {
  let failures = 2;
  const derive: Derive = async (numbers) => {
    if (numbers.length === 2 && failures-- > 0) throw new Error("not now");
    return numbers;
  };
  await store.append("sealed", "no_stream", [counted(1)]);
  const view = await numbersIn(["sealed"], store, derive);
  const { position } = await store.append("sealed", 0n, [counted(2)]);
  await view.reached(position, 10_000);
  assert.equal(view.current(), [1, 2]);
  assert.is(failures, -1);
});

views("skips what this release does not know", async () => {
  await store.append("newer", "no_stream", [counted(1), { ...counted(2), type: "Weighed", id: newUuid() }]);
  const view = await numbersIn(["newer"]);
  await store.append("newer", 1n, [counted(3)]);
  await until("the last", () => view.current().at(-1) === 3);
  assert.equal(view.current(), [1, 3]);
});

views("passes over what can't be read, at its start and later, and counts it", async () => {
  const unreadable = () => ({ ...counted(2), id: newUuid(), data: { n: "two" } });
  await store.append("odd", "no_stream", [unreadable(), counted(1), unreadable()]);
  const view = await numbersIn(["odd"]);
  assert.equal(view.current(), [1]);
  const { position } = await store.append("odd", 2n, [unreadable(), counted(3)]);
  await view.reached(position, 10_000);
  assert.equal(view.current(), [1, 3]);
  const { values } = await metrics.eventsPassedOver.get();
  assert.equal(
    values.map(({ labels, value }) => [labels.view, value]),
    [["numbers", 3]],
  );
});

views("waits where a newer release can read it: what is passed over then would be lost", async () => {
  await store.append("ahead", "no_stream", [counted(1)]);
  const view = await numbersIn(["ahead"]);
  const newer = { ...counted(2), metadata: { schema: 3, at: "2026-01-01T00:00:00.000Z" } };
  const { position } = await store.append("ahead", 0n, [newer, counted(3)]);
  const reached = await view.reached(position, 1_000).then(
    () => "reached",
    () => "waits",
  );
  assert.equal([reached, view.current()], ["waits", [1]]);
});

views("waits for a store that is down when it starts", async () => {
  let starting: Promise<LiveView<readonly number[]>> | undefined;
  await store.append("patient", "no_stream", [counted(1)]);
  await whileDown(async () => {
    starting = numbersIn(["patient"]);
  });
  assert.equal((await starting)?.current(), [1]);
});

views.run();
