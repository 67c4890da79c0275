import {
  jsonEvent,
  PersistentSubscriptionDoesNotExistError,
  PersistentSubscriptionDroppedError,
  PersistentSubscriptionExistsError,
  persistentSubscriptionToAllSettingsFromDefaults,
  persistentSubscriptionToStreamSettingsFromDefaults as withDefaults,
} from "@eventstore/db-client";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { connect, events, rejection, streamName, until } from "../../../test/eventstore/client.ts";
import { consume } from "../../../test/eventstore/consumer.ts";
import { startEventStore, temporaryFolder } from "../../../test/eventstore/server.ts";

const test = suite("groups of persistent subscriptions");
const server = await startEventStore({ dir: temporaryFolder() });
const client = connect(server);
const GROUP = "workers";

const create = (stream: string, changes: Parameters<typeof withDefaults>[0] = {}) =>
  client.createPersistentSubscriptionToStream(
    stream,
    GROUP,
    withDefaults({ startFrom: "start", ...changes }),
  );
const info = (stream: string) => client.getPersistentSubscriptionToStreamInfo(stream, GROUP);
const subscribe = (stream: string) => client.subscribeToPersistentSubscriptionToStream(stream, GROUP);

/** A group whose first `count` events are parked. */
async function withParked(count: number): Promise<string> {
  const stream = streamName();
  await create(stream);
  await client.appendToStream(stream, events(count));
  const consumer = consume(subscribe(stream), "park");
  await until(async () => (await info(stream)).stats.parkedMessageCount === BigInt(count));
  await consumer.leave();
  return stream;
}

test.after(async () => {
  await client.dispose();
  await server.stop();
});

test("a group exists once", async () => {
  const stream = streamName();
  await create(stream);
  const error = await rejection(create(stream), PersistentSubscriptionExistsError);
  assert.is(error.streamName, stream);
  assert.is(error.groupName, GROUP);
});

test("what does not exist can't be changed, deleted, replayed or asked about", async () => {
  for (const call of [
    client.updatePersistentSubscriptionToStream("nowhere", GROUP, withDefaults()),
    client.deletePersistentSubscriptionToStream("nowhere", GROUP),
    client.replayParkedMessagesToStream("nowhere", GROUP),
    client.getPersistentSubscriptionToStreamInfo("nowhere", GROUP),
  ]) {
    const error = await rejection(call, PersistentSubscriptionDoesNotExistError);
    assert.is(error.streamName, "nowhere");
    assert.is(error.groupName, GROUP);
  }
  await rejection(
    client.listPersistentSubscriptionsToStream("nowhere"),
    PersistentSubscriptionDoesNotExistError,
  );
});

test("settings come back as they were given", async () => {
  const stream = streamName();
  const settings = withDefaults({
    startFrom: 7n,
    messageTimeout: 1_234,
    maxRetryCount: 3,
    checkPointAfter: 4_321,
    checkPointLowerBound: 5,
    checkPointUpperBound: 50,
    maxSubscriberCount: 9,
    liveBufferSize: 77,
    readBatchSize: 11,
    historyBufferSize: 88,
    resolveLinkTos: true,
    extraStatistics: true,
    consumerStrategyName: "Pinned",
  });
  await create(stream, settings);
  assert.equal((await info(stream)).settings, settings);
  const changed = { ...settings, maxRetryCount: 4, startFrom: "end" as const };
  await client.updatePersistentSubscriptionToStream(stream, GROUP, changed);
  assert.equal((await info(stream)).settings, changed);
});

test("names that can't be told apart are refused", async () => {
  for (const group of ["", ":a", "a::b"])
    await rejection(client.createPersistentSubscriptionToStream("named", group, withDefaults()), Error);
});

test("a name may hold any character", async () => {
  const stream = "어학연구소/0️⃣";
  const group = "ヽ༼ຈل͜ຈ༽ﾉ / & more";
  await client.createPersistentSubscriptionToStream(stream, group, withDefaults());
  const { groupName, eventSource } = await client.getPersistentSubscriptionToStreamInfo(stream, group);
  assert.equal([eventSource, groupName], [stream, group]);
  await rejection(
    client.createPersistentSubscriptionToStream(stream, group, withDefaults()),
    PersistentSubscriptionExistsError,
  );
});

test("a change drops the consumers, who go on where they were", async () => {
  const stream = streamName();
  await create(stream, { checkPointUpperBound: 1, checkPointLowerBound: 1 });
  await client.appendToStream(stream, events(3));
  const before = consume(subscribe(stream), "ack");
  await until(async () => (await info(stream)).stats.lastCheckpointedEventRevision === 2n);
  await client.updatePersistentSubscriptionToStream(stream, GROUP, withDefaults({ startFrom: "start" }));
  assert.instance(await before.ended, PersistentSubscriptionDroppedError);
  const after = consume(subscribe(stream), "ack");
  await client.appendToStream(stream, events(1));
  await until(() => after.revisions.length === 1);
  assert.equal(after.revisions, [3]);
  await after.leave();
});

test("a deleted group drops its consumers; one of the same name begins anew", async () => {
  const stream = await withParked(2);
  const consumer = consume(subscribe(stream), "ack");
  await consumer.confirmed;
  await client.deletePersistentSubscriptionToStream(stream, GROUP);
  assert.instance(await consumer.ended, PersistentSubscriptionDroppedError);
  await rejection(info(stream), PersistentSubscriptionDoesNotExistError);
  await create(stream);
  assert.is((await info(stream)).stats.parkedMessageCount, 0n);
  const again = consume(subscribe(stream), "park");
  await until(async () => (await info(stream)).stats.parkedMessageCount === 2n);
  assert.equal(again.revisions, [0, 1]);
  await again.leave();
});

test("parked messages are replayed, all of them", async () => {
  const stream = await withParked(45);
  const consumer = consume(subscribe(stream), "ack");
  await client.replayParkedMessagesToStream(stream, GROUP);
  await until(() => consumer.revisions.length === 45);
  assert.equal(
    consumer.revisions,
    Array.from({ length: 45 }, (_, index) => index),
  );
  assert.is((await info(stream)).stats.parkedMessageCount, 0n);
  await consumer.leave();
});

test("parked messages are replayed up to a number, and the rest another time", async () => {
  const stream = await withParked(6);
  const consumer = consume(subscribe(stream), "ack");
  await client.replayParkedMessagesToStream(stream, GROUP, { stopAt: 4 });
  await until(() => consumer.revisions.length === 4);
  assert.is((await info(stream)).stats.parkedMessageCount, 2n);
  await client.replayParkedMessagesToStream(stream, GROUP);
  await until(() => consumer.revisions.length === 6);
  assert.equal(consumer.revisions, [0, 1, 2, 3, 4, 5]);
  await consumer.leave();
});

test("what is parked again while it is replayed waits for the next replay", async () => {
  const stream = await withParked(3);
  const consumer = consume(subscribe(stream), "park");
  await client.replayParkedMessagesToStream(stream, GROUP);
  await until(async () => {
    const { stats } = await info(stream);
    return consumer.revisions.length === 3 && stats.parkedMessageCount === 3n;
  });
  await consumer.leave();
});

test("info counts what is delivered, held, and by whom", async () => {
  const stream = streamName();
  await create(stream, { extraStatistics: true, checkPointUpperBound: 1 });
  await client.appendToStream(stream, events(8));
  const consumer = consume(subscribe(stream), ({ revision }) => (revision < 5n ? "ack" : "hold"));
  await until(async () => (await info(stream)).stats.totalInFlightMessages === 3);
  const { stats, connections, status } = await info(stream);
  const [connection] = connections;
  assert.is(status, "Live");
  assert.is(stats.totalItems, 8n);
  assert.is(stats.outstandingMessagesCount, 3);
  assert.is(stats.lastKnownEventRevision, 7n);
  assert.is(stats.lastCheckpointedEventRevision, 4n);
  assert.is(connections.length, 1);
  assert.is(connection?.connectionName, client.connectionName);
  assert.is(connection?.inFlightMessages, 3);
  assert.is(connection?.availableSlots, 7);
  assert.ok((connection?.extraStatistics?.get("99.9%") ?? -1n) >= 0n);
  await consumer.leave();
  await until(async () => (await info(stream)).connections.length === 0);
  assert.is((await info(stream)).stats.retryBufferCount, 3);
});

test("lists the groups of a stream, of $all, and every one", async () => {
  const stream = streamName();
  await create(stream);
  const all = streamName("all");
  await client.createPersistentSubscriptionToAll(all, persistentSubscriptionToAllSettingsFromDefaults());
  const toStream = await client.listPersistentSubscriptionsToStream(stream);
  assert.equal(
    toStream.map(({ eventSource }) => eventSource),
    [stream],
  );
  const toAll = await client.listPersistentSubscriptionsToAll();
  assert.ok(toAll.some(({ groupName }) => groupName === all));
  assert.ok(toAll.every(({ eventSource }) => eventSource === "$all"));
  const every = await client.listAllPersistentSubscriptions();
  assert.ok(every.length > toAll.length);
});

test("filters let through what they name, by prefix and by regular expression", async () => {
  const mark = streamName("filtered");
  const kinds = [
    { filterOn: "streamName", prefixes: [`${mark}-a`, `${mark}-b`], checkpointInterval: 1 },
    { filterOn: "streamName", regex: `^${mark}-[ab]$`, checkpointInterval: 1 },
    { filterOn: "eventType", prefixes: [`${mark}:yes`], checkpointInterval: 1 },
    { filterOn: "eventType", regex: `${mark}:y.s$`, checkpointInterval: 1 },
  ] as const;
  for (const [index, filter] of kinds.entries())
    await client.createPersistentSubscriptionToAll(
      `${mark}-${index}`,
      persistentSubscriptionToAllSettingsFromDefaults({ startFrom: "start" }),
      { filter: { ...filter, prefixes: "prefixes" in filter ? [...filter.prefixes] : undefined } as never },
    );
  for (const [letter, kind] of [
    ["a", "yes"],
    ["c", "no"],
    ["b", "yes"],
  ] as const)
    await client.appendToStream(`${mark}-${letter}`, jsonEvent({ type: `${mark}:${kind}`, data: {} }));
  for (const index of kinds.keys()) {
    const consumer = consume(client.subscribeToPersistentSubscriptionToAll(`${mark}-${index}`), "ack");
    await until(() => consumer.streams.length === 2);
    assert.equal(consumer.streams, [`${mark}-a`, `${mark}-b`]);
    await consumer.leave();
  }
});

test("a regular expression that is none is refused", async () => {
  const filter = { filterOn: "eventType", regex: "(", checkpointInterval: 1 } as const;
  const settings = persistentSubscriptionToAllSettingsFromDefaults();
  await rejection(client.createPersistentSubscriptionToAll("broken", settings, { filter }), Error);
});

test("a group on $all does not feed on its own records", async () => {
  const group = streamName("quiet");
  await client.createPersistentSubscriptionToAll(
    group,
    persistentSubscriptionToAllSettingsFromDefaults({
      checkPointLowerBound: 1,
      checkPointUpperBound: 1,
      checkPointAfter: 0,
    }),
  );
  const consumer = consume(client.subscribeToPersistentSubscriptionToAll(group), "park");
  await consumer.confirmed;
  const stream = streamName();
  await client.appendToStream(stream, events(3));
  await until(() => consumer.streams.length >= 3);
  await until(
    async () => (await client.getPersistentSubscriptionToAllInfo(group)).stats.parkedMessageCount >= 3n,
  );
  const { commit } = (await client.appendToStream(stream, events(1, "sentinel"))).position ?? { commit: 0n };
  await until(async () => {
    const { stats } = await client.getPersistentSubscriptionToAllInfo(group);
    return (stats.lastCheckpointedEventPosition?.commit ?? 0n) >= commit;
  });
  const checkpoints = client.readStream(`$persistentsubscription-$all::${group}-checkpoint`, {
    direction: "backwards",
    fromRevision: "end",
    maxCount: 1,
  });
  for await (const { event } of checkpoints)
    assert.ok((event?.revision ?? 99n) < 20n, "checkpoints breed checkpoints");
  assert.not(consumer.streams.some((name) => name.startsWith("$persistentsubscription-$all")));
  await consumer.leave();
});

test("a restart of the subsystem drops the consumers and keeps everything else", async () => {
  const stream = await withParked(2);
  const consumer = consume(subscribe(stream), "ack");
  await consumer.confirmed;
  await client.restartPersistentSubscriptionSubsystem();
  assert.instance(await consumer.ended, PersistentSubscriptionDroppedError);
  assert.is((await info(stream)).stats.parkedMessageCount, 2n);
});

test.run();
