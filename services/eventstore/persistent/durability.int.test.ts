import {
  type EventStoreDBClient,
  persistentSubscriptionToAllSettingsFromDefaults,
  persistentSubscriptionToStreamSettingsFromDefaults as withDefaults,
} from "@eventstore/db-client";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { connect, events, until } from "../../../test/eventstore/client.ts";
import type { Consumer } from "../../../test/eventstore/consumer.ts";
import { consume } from "../../../test/eventstore/consumer.ts";
import type { EventStoreServer } from "../../../test/eventstore/server.ts";
import { startEventStore, temporaryFolder } from "../../../test/eventstore/server.ts";

const test = suite("persistent subscriptions over the death of the server");
const GROUP = "workers";
let server: EventStoreServer;
let client: EventStoreDBClient;

test.before.each(async () => {
  server = await startEventStore({ dir: temporaryFolder() });
  client = connect(server);
});

test.after.each(async () => {
  await client.dispose();
  await server.stop();
});

async function comeBack(): Promise<void> {
  server = await startEventStore({ dir: server.dir });
  client = connect(server);
}

const create = (stream: string, changes: Parameters<typeof withDefaults>[0] = {}) =>
  client.createPersistentSubscriptionToStream(
    stream,
    GROUP,
    withDefaults({ startFrom: "start", ...changes }),
  );
const info = (stream: string) => client.getPersistentSubscriptionToStreamInfo(stream, GROUP);
const subscribe = (stream: string) => client.subscribeToPersistentSubscriptionToStream(stream, GROUP);

test("kill -9: settings, filters, checkpoints and parked messages are still there", async () => {
  const settings = withDefaults({ startFrom: 1n, maxRetryCount: 3, checkPointUpperBound: 1 });
  await create("orders", settings);
  await client.createPersistentSubscriptionToAll(
    GROUP,
    persistentSubscriptionToAllSettingsFromDefaults({ startFrom: "start" }),
    { filter: { filterOn: "streamName", prefixes: ["ord"], checkpointInterval: 1 } },
  );
  await client.createPersistentSubscriptionToStream("orders", "deleted", withDefaults());
  await client.deletePersistentSubscriptionToStream("orders", "deleted");
  await client.appendToStream("orders", events(5));
  await client.appendToStream("others", events(1));
  const consumer = consume(subscribe("orders"), ({ revision }) => (revision === 2n ? "park" : "ack"));
  await until(async () => (await info("orders")).stats.lastCheckpointedEventRevision === 4n);
  assert.equal(consumer.revisions, [1, 2, 3, 4]);

  await server.kill();
  await comeBack();
  const { stats, settings: kept } = await info("orders");
  assert.equal(kept, settings);
  assert.is(stats.lastCheckpointedEventRevision, 4n);
  assert.is(stats.parkedMessageCount, 1n);
  assert.is((await client.listAllPersistentSubscriptions()).length, 2);

  const toAll = consume(client.subscribeToPersistentSubscriptionToAll(GROUP), "ack");
  await until(() => toAll.streams.length === 5);
  assert.equal([...new Set(toAll.streams)], ["orders"]);
  const after = consume(subscribe("orders"), "ack");
  await client.replayParkedMessagesToStream("orders", GROUP);
  await until(() => after.revisions.length === 1);
  assert.equal(after.revisions, [2]);
});

test("kill -9 in the middle of consuming, again and again: nothing unacknowledged is lost", async () => {
  const count = 600;
  await create("work", { checkPointUpperBound: 25, checkPointLowerBound: 1, checkPointAfter: 50 });
  await client.appendToStream("work", events(count));
  const seen = new Set<number>();
  for (const target of [100, 250, 400, count]) {
    const crew: Consumer[] = [1, 2].map(() =>
      consume(subscribe("work"), ({ revision }) => {
        seen.add(Number(revision));
        return Number(revision) % 50 === 7 ? "park" : "ack";
      }),
    );
    await until(() => seen.size >= target);
    if (target === count) await Promise.all(crew.map((consumer) => consumer.leave()));
    else {
      await server.kill();
      await Promise.all(crew.map(({ ended }) => ended));
      await comeBack();
    }
  }

  const replayed = new Set<number>();
  const rest = consume(subscribe("work"), ({ revision }) => {
    replayed.add(Number(revision));
    return "ack";
  });
  await client.replayParkedMessagesToStream("work", GROUP);
  await until(async () => {
    const { stats } = await info("work");
    return stats.parkedMessageCount === 0n && stats.outstandingMessagesCount === 0;
  });
  const everParked = Array.from({ length: count / 50 }, (_, index) => index * 50 + 7);
  assert.equal(
    everParked.filter((revision) => !replayed.has(revision)),
    [],
  );
  await rest.leave();
});

test("kill -9 during a replay: what was not settled is parked again", async () => {
  await create("work");
  await client.appendToStream("work", events(4));
  const parking = consume(subscribe("work"), "park");
  await until(async () => (await info("work")).stats.parkedMessageCount === 4n);
  await parking.leave();
  const holding = consume(subscribe("work"), ({ revision }) => (revision < 2n ? "ack" : "hold"));
  await client.replayParkedMessagesToStream("work", GROUP);
  await until(() => holding.revisions.length === 4);
  await until(async () => {
    const { metadata } = await client.getStreamMetadata("$persistentsubscription-work::workers-parked");
    return metadata?.truncateBefore === 2;
  });

  await server.kill();
  await comeBack();
  assert.is((await info("work")).stats.parkedMessageCount, 2n);
  const after = consume(subscribe("work"), "ack");
  await client.replayParkedMessagesToStream("work", GROUP);
  await until(() => after.revisions.includes(2) && after.revisions.includes(3));
});

test("a group that began at the end still knows after a kill where that was", async () => {
  await client.appendToStream("work", events(3));
  await create("work", { startFrom: "end" });
  await client.appendToStream("work", events(2));
  await server.kill();
  await comeBack();
  await client.appendToStream("work", events(1));
  const consumer = consume(subscribe("work"), "ack");
  await until(() => consumer.revisions.length === 3);
  assert.equal(consumer.revisions, [3, 4, 5]);
});

test("a clean stop writes down how far the group has come, however little it was", async () => {
  await create("work");
  await client.appendToStream("work", events(3));
  const consumer = consume(subscribe("work"), "ack");
  await until(async () => {
    const { stats } = await info("work");
    return stats.totalItems === 3n && stats.totalInFlightMessages === 0;
  });
  await server.stop();
  await consumer.ended;
  await comeBack();
  assert.is((await info("work")).stats.lastCheckpointedEventRevision, 2n);
  const next = consume(subscribe("work"), "ack");
  await client.appendToStream("work", events(1, "sentinel"));
  await until(() => next.revisions.length === 1);
  assert.equal(next.revisions, [3]);
});

test.run();
