// How clients find the server, authenticate, and learn what it does not offer.
import type { EventStoreDBClient } from "@eventstore/db-client";
import {
  AccessDeniedError,
  EventStoreDBClient as Client,
  persistentSubscriptionToAllSettingsFromDefaults,
  persistentSubscriptionToStreamSettingsFromDefaults,
  UnsupportedError,
} from "@eventstore/db-client";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { collect, connect, events, rejection, streamName } from "../../../test/eventstore/client.ts";
import type { EventStoreServer } from "../../../test/eventstore/server.ts";
import { startEventStore, temporaryFolder } from "../../../test/eventstore/server.ts";

const test = suite("discovery and credentials");
const certificate = new URL("../fixtures/localhost.crt", import.meta.url).pathname;
const key = new URL("../fixtures/localhost.key", import.meta.url).pathname;
let plain: EventStoreServer;
let secure: EventStoreServer;
const clients: EventStoreDBClient[] = [];

test.before(async () => {
  const tls = ["--tls-cert", certificate, "--tls-key", key];
  const users = ["--user", "admin:changeit", "--user", "ops:with:colons"];
  plain = await startEventStore({ dir: temporaryFolder() });
  secure = await startEventStore({ dir: temporaryFolder(), args: [...tls, ...users] });
});

test.after(async () => {
  await Promise.all(clients.map((client) => client.dispose()));
  await plain.stop();
  await secure.stop();
});

function open(connectionString: string): EventStoreDBClient {
  const client = Client.connectionString(connectionString);
  clients.push(client);
  return client;
}

const createGroup = (client: EventStoreDBClient): Promise<void> =>
  client.createPersistentSubscriptionToStream(
    streamName(),
    "group",
    persistentSubscriptionToStreamSettingsFromDefaults(),
  );

const roundTrip = async (client: EventStoreDBClient): Promise<number> => {
  const stream = streamName();
  await client.appendToStream(stream, events(2));
  return (await collect(client.readStream(stream))).length;
};

const strings: ReadonlyArray<readonly [name: string, () => string]> = [
  ["one host", () => `esdb://127.0.0.1:${plain.port}?tls=false`],
  ["one host by name", () => `esdb://localhost:${plain.port}?tls=false`],
  ["discovery", () => `esdb+discover://localhost:${plain.port}?tls=false`],
  ["several hosts", () => `esdb://127.0.0.1:1,127.0.0.1:${plain.port}?tls=false`],
  ["a follower preferred", () => `esdb+discover://127.0.0.1:${plain.port}?tls=false&nodePreference=follower`],
  ["ignored credentials", () => `esdb://who:ever@127.0.0.1:${plain.port}?tls=false`],
  ["TLS", () => `esdb://admin:changeit@localhost:${secure.port}?tls=true&tlsCAFile=${certificate}`],
  ["TLS discovery", () => `esdb+discover://admin:changeit@localhost:${secure.port}?tlsCAFile=${certificate}`],
];

for (const [name, connectionString] of strings) {
  test(`is reached through a connection string with ${name}`, async () => {
    assert.is(await roundTrip(open(connectionString())), 2);
  });
}

test("rejects every call over TLS without the credentials of a user", async () => {
  const host = `localhost:${secure.port}?tls=true&tlsCAFile=${certificate}`;
  for (const who of ["", "admin:wrong@", "nobody:changeit@"]) {
    const client = open(`esdb://${who}${host}`);
    await rejection(client.appendToStream(streamName(), events(1)), AccessDeniedError);
    await rejection(collect(client.readAll()), AccessDeniedError);
    await rejection(client.deleteStream(streamName()), AccessDeniedError);
    await rejection(client.tombstoneStream(streamName()), AccessDeniedError);
    await rejection(createGroup(client), AccessDeniedError);
  }
});

test("accepts credentials per call, for a batch and for a single append", async () => {
  const client = open(`esdb://localhost:${secure.port}?tls=true&tlsCAFile=${certificate}`);
  const credentials = { username: "ops", password: "with:colons" };
  const stream = streamName();
  await client.appendToStream(stream, events(1), { credentials });
  assert.is((await collect(client.readStream(stream, { credentials }))).length, 1);
});

test("responds at once that projections, users and operations are not offered", async () => {
  const client = connect(plain);
  clients.push(client);
  const asked = [
    () => client.listProjections(),
    () => client.createProjection("p", "fromAll()"),
    () => client.getProjectionResult("p"),
    () => client.restartSubsystem(),
  ];
  const start = Date.now();
  for (const ask of asked) assert.match((await rejection(ask(), Error)).message, /UNIMPLEMENTED/);
  assert.ok(Date.now() - start < 5_000);
});

test("rejects persistent subscriptions with the reason, and does not advertise them", async () => {
  const client = connect(plain);
  clients.push(client);
  const readGroup = () => collect(client.subscribeToPersistentSubscriptionToStream(streamName(), "group"));
  for (const ask of [() => createGroup(client), readGroup])
    assert.match(
      (await rejection<Error>(ask(), Error)).message,
      /UNIMPLEMENTED: The embedded event store does not offer persistent subscriptions/,
    );
  // Where the client looks at ServerFeatures first, it does not even ask.
  const toAll = persistentSubscriptionToAllSettingsFromDefaults();
  await rejection(client.createPersistentSubscriptionToAll("group", toAll), UnsupportedError);
});

test.run();
