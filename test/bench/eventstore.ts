// The embedded event store: the server in its own process, the real client in this one, medians of three runs.
import { randomUUID } from "node:crypto";
import { EventStoreDBClient } from "@eventstore/db-client";
import { openEventLog } from "../../services/eventstore/engine/open.ts";
import { type EventStoreServer, startEventStore, temporaryFolder } from "../eventstore/server.ts";
import { decodeLoad, decoders } from "./eventstore/decode.ts";
import { appendLoad, lagLoad, readLoad, submitted } from "./eventstore/load.ts";
import { cpuOf, residentMb, seconds } from "./eventstore/measure.ts";
import { Report, type Sample } from "./eventstore/report.ts";

const RUNS = 3;
const SECONDS = 4;
const A_MILLION = 1_000_000;

type Bench = (client: EventStoreDBClient, server: EventStoreServer) => Promise<number>;

const connect = (server: EventStoreServer): EventStoreDBClient =>
  EventStoreDBClient.connectionString(server.connectionString);

async function sampled(server: EventStoreServer, bench: Bench): Promise<Sample> {
  const client = connect(server);
  await appendLoad(client, { concurrency: 8, eventsPerAppend: 1, forSeconds: 0.5 });
  const before = cpuOf(server.pid);
  const value = await bench(client, server);
  const after = cpuOf(server.pid);
  await client.dispose();
  return { value, cpu: { server: after.server - before.server, client: after.client - before.client } };
}

async function repeated(server: EventStoreServer, bench: Bench): Promise<Sample[]> {
  const samples: Sample[] = [];
  while (samples.length < RUNS) samples.push(await sampled(server, bench));
  return samples;
}

export async function run(): Promise<void> {
  const report = new Report();
  await throughput(report);
  await aMillion(report);
  report.print();
}

async function throughput(report: Report): Promise<void> {
  const server = await startEventStore({ dir: temporaryFolder() });
  const appending = (concurrency: number, eventsPerAppend: number) => async (client: EventStoreDBClient) =>
    appendLoad(client, { concurrency, eventsPerAppend, forSeconds: SECONDS });
  const latencies: number[] = [];
  const more = { unit: "events/s", better: "more" } as const;
  const less = { unit: "ms", better: "less" } as const;

  report.add(
    { what: "append, 1 at a time", target: 1_400, ...more },
    await repeated(server, async (client) => (await appending(1, 1)(client)).perSecond),
  );
  const singles = await repeated(server, async (client) => {
    const { perSecond, p99 } = await appending(64, 1)(client);
    latencies.push(p99);
    return perSecond;
  });
  report.add({ what: "append, 64 at a time", target: 8_000, ...more }, singles);
  report.add(
    { what: "  its p99", target: 25, ...less },
    singles.map(({ cpu }, index) => ({ cpu, value: latencies[index] ?? Number.NaN })),
  );
  report.add(
    { what: "append, 64 at a time, 3 events each", target: 13_000, ...more },
    await repeated(server, async (client) => (await appending(64, 3)(client)).perSecond),
  );
  report.add(
    { what: "read $all", target: 40_000, ...more },
    await repeated(server, (client) => readLoad(client, 100_000)),
  );
  report.add(
    { what: "live subscription at 2,000/s, p99 lag", target: 20, ...less },
    await repeated(server, (client) => lagLoad(client, { perSecond: 2_000, forSeconds: SECONDS })),
  );
  const each = (decode: (bytes: Buffer) => unknown) => repeated(server, async () => decodeLoad(decode, 1));
  report.add({ what: "decode, the client's classes", target: 40_000, ...more }, await each(decoders.client));
  report.add({ what: "decode, ours, stream and type", target: 400_000, ...more }, await each(decoders.ours));
  report.add(
    { what: "decode, ours, all of it", target: 150_000, ...more },
    await each(decoders.oursWithData),
  );
  await server.stop();
}

async function aMillion(report: Report): Promise<void> {
  const dir = temporaryFolder();
  await fill(dir);
  const opened: Sample[] = [];
  const resident: Sample[] = [];
  let before = await startEventStore({ dir });
  for (let round = 0; round < RUNS; round++) {
    await sampled(before, async (client) => {
      await Promise.all([
        appendLoad(client, { concurrency: 64, eventsPerAppend: 1, forSeconds: SECONDS }),
        readLoad(client, 50_000),
      ]);
      return 0;
    });
    const cpu = { ...cpuOf(before.pid), client: 0 };
    resident.push({ value: residentMb(before.pid, "VmHWM"), cpu });
    await before.kill();
    const start = performance.now();
    before = await startEventStore({ dir });
    opened.push({ value: seconds(start) * 1000, cpu: { ...cpuOf(before.pid), client: 0 } });
  }
  await before.stop();
  report.add(
    { what: "kill -9 to ready, a million events", unit: "ms", target: 1_000, better: "less" },
    opened,
  );
  report.add({ what: "most resident, a million events", unit: "MB", target: 250, better: "less" }, resident);
}

/** Straight into the engine, because only what comes after is measured. */
async function fill(dir: string): Promise<void> {
  const log = await openEventLog({ dir });
  const empty = Buffer.alloc(0);
  while (log.head < A_MILLION)
    await Promise.all(
      Array.from({ length: 1_000 }, () => {
        const { id, type, data } = submitted();
        const event = { id, type, contentType: "application/json", customMetadata: empty };
        return log.append(`submission-${randomUUID()}`, { kind: "no_stream" }, [
          { ...event, data: Buffer.from(JSON.stringify(data)) },
        ]);
      }),
    );
  await log.close();
}
