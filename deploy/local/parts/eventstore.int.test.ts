// The embedded event store: for the yard's own user alone, over TLS, with the official client and with ours.
import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { AccessDeniedError, EventStoreDBClient, jsonEvent } from "@eventstore/db-client";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { connectEventStore } from "#platform/event-store/event-store.ts";
import type { StoredEvent } from "#platform/event-store/stored-event.ts";
import { createLog } from "#platform/log.ts";
import { collect, rejection } from "../../../test/eventstore/client.ts";
import { until } from "../../../test/harness/wait.ts";
import { temporaryDataFolder } from "../fixtures/launched.ts";
import { runPart } from "../fixtures/run-part.ts";
import { prepareEventStore } from "./eventstore.ts";
import type { Part } from "./part.ts";

const test = suite("embedded event store");
const log = createLog({ level: "silent", name: "test", instance: "test" });
// A folder's name may hold what an address must escape.
const dataDir = join(temporaryDataFolder(), "data & more=50%");
let part: Part;
let stop: () => Promise<void>;
const clients: EventStoreDBClient[] = [];

test.before(async () => {
  part = await prepareEventStore(dataDir, process.env);
  stop = await runPart(part, dataDir);
});
test.after(async () => {
  await Promise.all(clients.map((one) => one.dispose()));
  await stop();
});

function client(url: string): EventStoreDBClient {
  const opened = EventStoreDBClient.connectionString(url);
  clients.push(opened);
  return opened;
}

test("is written and read by the official client with the address as it is kept", async () => {
  const official = client(part.url);
  await official.appendToStream("official", jsonEvent({ type: "Written", data: { by: "client" } }));
  const [read] = await collect(official.readStream("official"));
  assert.equal(read?.event?.data, { by: "client" });
});

test("is appended to, read and followed by ours", async () => {
  const store = connectEventStore({ url: part.url, log });
  const id = "5c1b7f6e-6f0e-4c53-9d4c-1e1b0f8b7a01";
  const { position } = await store.append("own-1", "no_stream", [
    { id, type: "Written", data: {}, metadata: { schema: 1, at: new Date(0).toISOString() } },
  ]);
  assert.is((await store.readStream("own-1"))[0]?.position, position);
  const seen: StoredEvent[] = [];
  const closing = new AbortController();
  const onEvents = async (events: readonly StoredEvent[]): Promise<void> => void seen.push(...events);
  store.follow({ name: "test", prefixes: ["own-"], from: 0n, onEvents, signal: closing.signal });
  await until("it is followed", () => seen.length === 1);
  closing.abort();
  await store.close();
});

test("refuses everybody else", async () => {
  const strangers = [
    part.url.replace(/\/\/.*@/, "//"),
    part.url.replace(/:[^:@/]+@/, ":guess@"),
    part.url.replace(/\/\/[^:]+:/, "//admin:"),
  ];
  for (const url of strangers) {
    const stranger = client(url);
    const event = jsonEvent({ type: "Forged", data: {} });
    await rejection(stranger.appendToStream("official", event), AccessDeniedError);
    await rejection(collect(stranger.readAll()), AccessDeniedError);
    await rejection(collect(stranger.subscribeToAll()), AccessDeniedError);
    await rejection(stranger.deleteStream("official"), AccessDeniedError);
  }
  const { host } = new URL(part.url.replace("esdb:", "http:"));
  const plain = client(`esdb://${host}?tls=false&defaultDeadline=2000`);
  await rejection(collect(plain.readAll()), Error);
  const read = await collect(client(part.url).readStream("official"));
  assert.is(read.length, 1);
});

test("is not trusted where another certificate is asked for", async () => {
  const other = join(dataDir, "other.crt");
  const fixture = new URL("../../../services/eventstore/fixtures/localhost.crt", import.meta.url);
  copyFileSync(fixture, other);
  const url = part.url.replace(/tlsCAFile=.*/, `tlsCAFile=${encodeURIComponent(other)}&defaultDeadline=2000`);
  await rejection(collect(client(url).readAll()), Error);
});

test("knows the same user and certificate after a start", async () => {
  await stop();
  const { url } = part;
  part = await prepareEventStore(dataDir, process.env);
  stop = await runPart(part, dataDir);
  const withoutPort = (one: string): string => one.replace(/:\d+\?/, "?");
  assert.is(withoutPort(part.url), withoutPort(url));
  const read = await collect(client(part.url).readStream("official"));
  assert.is(read.length, 1);
});

test.run();
