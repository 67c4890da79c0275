import {
  binaryEvent,
  PARK,
  PersistentSubscriptionDoesNotExistError,
  PersistentSubscriptionDroppedError,
  PersistentSubscriptionMaximumSubscribersReachedError,
  type PersistentSubscriptionToStreamSettings,
  RETRY,
  SKIP,
  STOP,
  persistentSubscriptionToStreamSettingsFromDefaults as withDefaults,
} from "@eventstore/db-client";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { connect, events, streamName, until } from "../../../test/eventstore/client.ts";
import { consume, failureOf } from "../../../test/eventstore/consumer.ts";
import { startEventStore, temporaryFolder } from "../../../test/eventstore/server.ts";

const test = suite("consuming a persistent subscription");
const server = await startEventStore({ dir: temporaryFolder() });
const client = connect(server);
const GROUP = "workers";

async function streamWithGroup(
  count: number,
  changes: Partial<PersistentSubscriptionToStreamSettings> = {},
): Promise<string> {
  const stream = streamName();
  if (count > 0) await client.appendToStream(stream, events(count));
  await client.createPersistentSubscriptionToStream(
    stream,
    GROUP,
    withDefaults({ startFrom: "start", ...changes }),
  );
  return stream;
}

const subscribe = (stream: string, bufferSize = 10) =>
  client.subscribeToPersistentSubscriptionToStream(stream, GROUP, { bufferSize });

const parkedCount = async (stream: string): Promise<bigint> => {
  const { stats } = await client.getPersistentSubscriptionToStreamInfo(stream, GROUP);
  return stats.parkedMessageCount;
};

test.after(async () => {
  await client.dispose();
  await server.stop();
});

test("history, then what is appended, in order and each once", async () => {
  const stream = await streamWithGroup(700);
  const consumer = consume(subscribe(stream), "ack");
  await until(() => consumer.revisions.length === 700);
  await client.appendToStream(stream, events(30));
  await until(() => consumer.revisions.length === 730);
  assert.equal(
    consumer.revisions,
    Array.from({ length: 730 }, (_, index) => index),
  );
  await consumer.leave();
});

test("from a revision on, inclusive; from the end only what comes later", async () => {
  const stream = await streamWithGroup(4, { startFrom: 1n });
  await client.createPersistentSubscriptionToStream(stream, "late", withDefaults({ startFrom: "end" }));
  await client.appendToStream(stream, events(1));
  const early = consume(subscribe(stream), "ack");
  const late = consume(client.subscribeToPersistentSubscriptionToStream(stream, "late"), "ack");
  await until(() => early.revisions.length === 4 && late.revisions.length === 1);
  assert.equal(early.revisions, [1, 2, 3, 4]);
  assert.equal(late.revisions, [4]);
  await Promise.all([early.leave(), late.leave()]);
});

test("a consumer never holds more than its buffer size", async () => {
  const stream = await streamWithGroup(20);
  const idle = consume(subscribe(stream, 3), "hold");
  const busy = consume(subscribe(stream, 5), "ack");
  await until(() => busy.revisions.length === 17);
  assert.is(idle.revisions.length, 3);
  await Promise.all([idle.leave(), busy.leave()]);
});

test("who leaves gives back what it holds, with the retry counted", async () => {
  const stream = await streamWithGroup(5);
  const leaver = consume(subscribe(stream), "hold");
  await until(() => leaver.revisions.length === 5);
  await leaver.leave();
  const heir = consume(subscribe(stream), "ack");
  await until(() => heir.revisions.length === 5);
  assert.equal(heir.revisions, [0, 1, 2, 3, 4]);
  assert.equal(heir.retryCounts, [1, 1, 1, 1, 1]);
  await heir.leave();
});

test("retry comes again until it is too often, then it is parked", async () => {
  const stream = await streamWithGroup(1, { maxRetryCount: 2 });
  const consumer = consume(subscribe(stream), RETRY);
  await client.appendToStream(stream, events(1, "sentinel"));
  await until(() => consumer.revisions.filter((revision) => revision === 1).length === 3);
  assert.equal(consumer.retryCountsOf(0), [0, 1, 2]);
  await until(async () => (await parkedCount(stream)) === 2n);
  await consumer.leave();
});

test("a message that is held too long goes to somebody else, and is parked in the end", async () => {
  const stream = await streamWithGroup(1, { messageTimeout: 150, maxRetryCount: 1 });
  const sleeper = consume(subscribe(stream), "hold");
  await until(() => sleeper.revisions.length === 2);
  assert.equal(sleeper.retryCounts, [0, 1]);
  await until(async () => (await parkedCount(stream)) === 1n);
  await sleeper.leave();
});

test("skip passes on, park keeps aside and says why", async () => {
  const stream = await streamWithGroup(2);
  const consumer = consume(subscribe(stream), (event) => (event.revision === 0n ? SKIP : PARK));
  await until(async () => (await parkedCount(stream)) === 1n);
  assert.equal(consumer.revisions, [0, 1]);
  const parked = client.readStream(`$persistentsubscription-${stream}::${GROUP}-parked`);
  for await (const { event } of parked) {
    assert.is(event?.type, "$>");
    assert.match(JSON.stringify(event?.metadata), /"reason":"on purpose"/);
  }
  await consumer.leave();
});

test("stop ends the consumer and gives its messages to the others", async () => {
  const stream = await streamWithGroup(3);
  const stopping = consume(subscribe(stream), STOP);
  assert.instance(await stopping.ended, PersistentSubscriptionDroppedError);
  const heir = consume(subscribe(stream), "ack");
  await until(() => heir.revisions.length === 3);
  await heir.leave();
});

test("round robin shares, dispatch to single does not", async () => {
  for (const [strategy, least] of [
    ["RoundRobin", 40],
    ["DispatchToSingle", 0],
  ] as const) {
    const stream = await streamWithGroup(0, { consumerStrategyName: strategy });
    const first = consume(subscribe(stream, 100), "ack");
    await first.confirmed;
    const second = consume(subscribe(stream, 100), "ack");
    await second.confirmed;
    await client.appendToStream(stream, events(100));
    await until(() => first.revisions.length + second.revisions.length === 100);
    assert.ok(second.revisions.length >= least, `${strategy}: ${second.revisions.length}`);
    if (least === 0) assert.is(second.revisions.length, 0);
    await Promise.all([first.leave(), second.leave()]);
  }
});

test("pinned keeps each stream with one consumer", async () => {
  const prefix = streamName("pinned");
  await client.createPersistentSubscriptionToAll(
    prefix,
    { ...withDefaults({ consumerStrategyName: "Pinned" }), startFrom: "end" },
    { filter: { filterOn: "streamName", prefixes: [prefix], checkpointInterval: 1 } },
  );
  const consumers = [1, 2, 3].map(() =>
    consume(client.subscribeToPersistentSubscriptionToAll(prefix), "ack"),
  );
  await Promise.all(consumers.map(({ confirmed }) => confirmed));
  for (let round = 0; round < 3; round++)
    await Promise.all(
      Array.from({ length: 12 }, (_, index) => client.appendToStream(`${prefix}-${index}`, events(2))),
    );
  await until(() => consumers.reduce((sum, { streams }) => sum + streams.length, 0) === 72);
  const owned = consumers.map(({ streams }) => new Set(streams));
  assert.is(
    owned.reduce((sum, { size }) => sum + size, 0),
    12,
    "a stream went to two consumers",
  );
  await Promise.all(consumers.map((consumer) => consumer.leave()));
});

test("one more than the maximum is refused, until somebody leaves", async () => {
  const stream = await streamWithGroup(0, { maxSubscriberCount: 1 });
  const first = consume(subscribe(stream), "ack");
  await first.confirmed;
  const refused = await failureOf(subscribe(stream), PersistentSubscriptionMaximumSubscribersReachedError);
  assert.is(refused.streamName, stream);
  assert.is(refused.groupName, GROUP);
  await first.leave();
  const next = consume(subscribe(stream), "ack");
  await next.confirmed;
  await next.leave();
});

test("a group that does not exist can't be consumed", async () => {
  const refused = await failureOf(
    client.subscribeToPersistentSubscriptionToStream("nowhere", "nobody"),
    PersistentSubscriptionDoesNotExistError,
  );
  assert.is(refused.streamName, "nowhere");
  assert.is(refused.groupName, "nobody");
});

test("links are resolved when asked, and settled by the link", async () => {
  const target = streamName("target");
  const links = streamName("links");
  await client.appendToStream(target, events(2));
  await client.appendToStream(links, binaryEvent({ type: "$>", data: Buffer.from(`1@${target}`) }));
  await client.createPersistentSubscriptionToStream(
    links,
    GROUP,
    withDefaults({ startFrom: "start", resolveLinkTos: true }),
  );
  const consumer = consume(subscribe(links), PARK);
  await until(() => consumer.streams.length === 1);
  assert.equal(consumer.streams, [target]);
  assert.equal(consumer.revisions, [1]);
  await until(async () => {
    const { stats } = await client.getPersistentSubscriptionToStreamInfo(links, GROUP);
    return stats.parkedMessageCount === 1n && stats.totalInFlightMessages === 0;
  });
  await consumer.leave();
});

test.run();
