// Catch-up subscriptions through the real client: order, filters, checkpoints, and slow readers.
import { readFileSync } from "node:fs";
import type { AllStreamSubscription, EventStoreDBClient, Position } from "@eventstore/db-client";
import {
  END,
  eventTypeFilter,
  excludeSystemEvents,
  jsonEvent,
  START,
  StreamDeletedError,
  streamNameFilter,
  UnknownError,
} from "@eventstore/db-client";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { collect, connect, events, rejection, streamName, until } from "../../../test/eventstore/client.ts";
import type { EventStoreServer } from "../../../test/eventstore/server.ts";
import { startEventStore, temporaryFolder } from "../../../test/eventstore/server.ts";

const test = suite("subscribing");
let server: EventStoreServer;
let client: EventStoreDBClient;
/** Streams `-a` and `-b` of this name hold red and green events for the filters to tell apart. */
const run = streamName("filtered");

test.before(async () => {
  server = await startEventStore({ dir: temporaryFolder() });
  client = connect(server);
  for (const stream of [`${run}-b`, `${run}-a`])
    await client.appendToStream(stream, [...events(1, `${run}:red`), ...events(1, `${run}:green`)]);
  await client.appendToStream(`${run}-a`, events(1, `${run}:end`));
});

test.after(async () => {
  await client.dispose();
  await server.stop();
});

/** Everything that a subscription emits, in order. */
function recorded(
  subscription: ReturnType<EventStoreDBClient["subscribeToStream"]> | AllStreamSubscription,
): string[] {
  const messages: string[] = [];
  subscription.on("confirmation", () => messages.push("confirmation"));
  subscription.on("caughtUp", () => messages.push("caught up"));
  subscription.on("data", ({ event }) => messages.push(`${event?.type} ${event?.revision}`));
  subscription.on("error", (error) => messages.push(error.name));
  return messages;
}

test("emits history, then that it caught up, then live events", async () => {
  const stream = streamName();
  await client.appendToStream(stream, events(2));
  const subscription = client.subscribeToStream(stream);
  const messages = recorded(subscription);
  await until(() => messages.includes("caught up"));
  await client.appendToStream(stream, events(1, "live"));
  await until(() => messages.includes("live 2"));
  assert.equal(messages, ["confirmation", "tested 0", "tested 1", "caught up", "live 2"]);
  await subscription.unsubscribe();
});

test("begins behind the given revision or position, and at the end with the next event", async () => {
  const stream = streamName();
  const { position } = await client.appendToStream(stream, events(3));
  await client.appendToStream(stream, events(2));
  const fromRevision = recorded(client.subscribeToStream(stream, { fromRevision: 1n }));
  const fromEnd = recorded(client.subscribeToStream(stream, { fromRevision: END }));
  const filter = streamNameFilter({ prefixes: [stream] });
  const fromPosition = recorded(client.subscribeToAll({ fromPosition: position as Position, filter }));
  const fromEndOfAll = recorded(client.subscribeToAll({ fromPosition: END, filter }));
  const all = [fromRevision, fromEnd, fromPosition, fromEndOfAll];
  await until(() => all.every((messages) => messages.includes("caught up")));
  await client.appendToStream(stream, events(1, "last"));
  await until(() => all.every((messages) => messages.includes("last 5")));
  const eventsOf = (messages: string[]): string[] => messages.filter((one) => / \d/.test(one));
  assert.equal(eventsOf(fromRevision), ["tested 2", "tested 3", "tested 4", "last 5"]);
  assert.equal(eventsOf(fromEnd), ["last 5"]);
  assert.equal(eventsOf(fromPosition), ["tested 3", "tested 4", "last 5"]);
  assert.equal(eventsOf(fromEndOfAll), ["last 5"]);
});

test("waits for a stream that does not exist yet, and continues after a soft delete", async () => {
  const stream = streamName();
  const subscription = client.subscribeToStream(stream);
  const messages = recorded(subscription);
  await until(() => messages.includes("caught up"));
  await client.appendToStream(stream, events(1));
  await until(() => messages.includes("tested 0"));
  await client.deleteStream(stream);
  await client.appendToStream(stream, events(1, "again"));
  await until(() => messages.includes("again 1"));
  await subscription.unsubscribe();
});

test("ends with an error when its stream is tombstoned, before or after", async () => {
  const stream = streamName();
  await client.appendToStream(stream, events(1));
  const live = rejection(
    collect(client.subscribeToStream(stream, { fromRevision: END })),
    StreamDeletedError,
  );
  const sentinel = recorded(client.subscribeToStream(stream));
  await until(() => sentinel.includes("caught up"));
  await client.tombstoneStream(stream);
  assert.is((await live).streamName, stream);
  await rejection(collect(client.subscribeToStream(stream)), StreamDeletedError);
});

const filters = [
  ["a stream's prefix", streamNameFilter({ prefixes: ["nothing", `${run}-a`] }), ["red", "green", "end"]],
  ["a stream's pattern", streamNameFilter({ regex: `^${run}-[ac]$` }), ["red", "green", "end"]],
  ["a type's prefix", eventTypeFilter({ prefixes: [`${run}:g`, `${run}:e`] }), ["green", "green", "end"]],
  ["a type's pattern", eventTypeFilter({ regex: `^${run}:(red|end)$` }), ["red", "red", "end"]],
] as const;

for (const [name, filter, expected] of filters) {
  test(`passes by ${name} what matches and nothing else`, async () => {
    const got: string[] = [];
    for await (const { event } of client.subscribeToAll({ fromPosition: START, filter })) {
      got.push(event?.type.split(":").at(-1) ?? "");
      if (event?.type === `${run}:end`) break;
    }
    assert.equal(got, [...expected]);
  });
}

test("rejects a filter that is no regular expression", async () => {
  const filter = streamNameFilter({ regex: "(unclosed" });
  const rejected = await rejection(collect(client.subscribeToAll({ filter })), UnknownError);
  assert.match(rejected.message, /unclosed/);
});

test("sends a checkpoint for every interval of events, whether they pass or not, and resumes from it", async () => {
  const stream = streamName();
  const { position } = await client.appendToStream(stream, events(1, "begin"));
  const checkpoints: bigint[] = [];
  const filter = eventTypeFilter({
    prefixes: [`wanted-${stream}`],
    checkpointInterval: 2,
    checkpointReached: (_, reached) => {
      checkpoints.push(reached.commit);
    },
  });
  const subscription = client.subscribeToAll({ fromPosition: position as Position, filter });
  const messages = recorded(subscription);
  await until(() => messages.includes("caught up"));
  assert.equal(checkpoints, [position?.commit], "one when it has caught up");
  for (let batch = 0; batch < 13; batch += 1) await client.appendToStream(stream, events(10));
  await client.appendToStream(stream, events(1, `wanted-${stream}`));
  await until(() => messages.includes(`wanted-${stream} 131`));
  // 131 events at 2 × 32 apart.
  const begin = position?.commit as bigint;
  assert.equal(checkpoints, [begin, begin + 64n, begin + 128n]);
  await subscription.unsubscribe();

  const commit = checkpoints.at(-1) as bigint;
  const resumed = recorded(client.subscribeToAll({ fromPosition: { commit, prepare: commit }, filter }));
  await until(() => resumed.includes("caught up"));
  assert.equal(resumed, ["confirmation", `wanted-${stream} 131`, "caught up"]);
});

test("delivers every event once and in order to many subscriptions while more are written", async () => {
  const filter = excludeSystemEvents();
  const stream = streamName();
  const readers = Array.from({ length: 20 }, async () => {
    const got: number[] = [];
    for await (const { event } of client.subscribeToAll({ filter })) {
      if (event?.streamId === stream) got.push(Number(event.revision));
      if (got.length === 2_000) return got;
    }
    return got;
  });
  for (let batch = 0; batch < 20; batch += 1) await client.appendToStream(stream, events(100));
  const expected = Array.from({ length: 2_000 }, (_, index) => index);
  for (const got of await Promise.all(readers)) assert.equal(got, expected);
});

test("keeps little in memory for a reader that does not read, and serves it once it reads", async () => {
  const stream = streamName();
  const residentMiB = (): number =>
    Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${server.pid}/status`, "utf8"))?.[1]) / 1024;
  const payload = "x".repeat(100_000);
  const slow = Array.from({ length: 10 }, () => client.subscribeToStream(stream));
  for (let batch = 0; batch < 60; batch += 1) {
    const ten = Array.from({ length: 10 }, () => jsonEvent({ type: "large", data: { payload } }));
    await client.appendToStream(stream, ten);
  }
  // 60 MB for each of ten readers, had it been buffered.
  assert.ok(residentMiB() < 350, `${residentMiB()} MiB resident`);
  const [one] = slow;
  let last = -1n;
  for await (const { event } of one ?? []) {
    last = event?.revision ?? -1n;
    if (last === 599n) break;
  }
  assert.is(last, 599n);
  await Promise.all(slow.slice(1).map((subscription) => subscription.unsubscribe()));
});

test.run();
