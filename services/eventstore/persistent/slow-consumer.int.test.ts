import { readFileSync } from "node:fs";
import {
  jsonEvent,
  persistentSubscriptionToStreamSettingsFromDefaults as withDefaults,
} from "@eventstore/db-client";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { connect, streamName, until } from "../../../test/eventstore/client.ts";
import { startEventStore, temporaryFolder } from "../../../test/eventstore/server.ts";

const test = suite("a slow consumer of a persistent subscription");
const server = await startEventStore({ dir: temporaryFolder() });
const client = connect(server);

const EVENTS = 300;
const EVENT_BYTES = 200_000;
const STEADY_LOOKS = 10;

test.after(async () => {
  await client.dispose();
  await server.stop();
});

function residentMiB(): number {
  const [, kib] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${server.pid}/status`, "utf8")) ?? [];
  return Number(kib) / 1024;
}

test("costs the server little memory, whatever buffer it asks for", async () => {
  const stream = streamName();
  const text = "x".repeat(EVENT_BYTES);
  for (let written = 0; written < EVENTS; written += 4)
    await client.appendToStream(
      stream,
      Array.from({ length: 4 }, () => jsonEvent({ type: "large", data: { text } })),
    );
  await client.createPersistentSubscriptionToStream(
    stream,
    "sleepers",
    withDefaults({ startFrom: "start", liveBufferSize: EVENTS, historyBufferSize: EVENTS }),
  );
  const before = residentMiB();
  // Without a listener nothing is read from the connection.
  const asleep = client.subscribeToPersistentSubscriptionToStream(stream, "sleepers", { bufferSize: EVENTS });
  const inFlight = async (): Promise<number> => {
    const { stats } = await client.getPersistentSubscriptionToStreamInfo(stream, "sleepers");
    return stats.totalInFlightMessages;
  };
  let last = 0;
  let steady = 0;
  await until(async () => {
    const now = await inFlight();
    steady = now === last && now > 0 ? steady + 1 : 0;
    last = now;
    return steady === STEADY_LOOKS;
  });
  const grown = residentMiB() - before;
  assert.ok(grown < 60, `${grown} MiB more for ${(EVENTS * EVENT_BYTES) / 2 ** 20} MiB of events`);

  const seen = new Set<string>();
  asleep.on("data", (resolved) => {
    seen.add(resolved.event?.id ?? "");
    asleep.ack(resolved).catch(() => {});
  });
  await until(() => seen.size === EVENTS, 30_000);
  await asleep.unsubscribe();
});

test.run();
