// What the client does to the server while it is measured.
import { randomUUID } from "node:crypto";
import { type EventStoreDBClient, type JSONEventData, jsonEvent, START } from "@eventstore/db-client";
import { percentile, seconds } from "./measure.ts";

/** 586 bytes as JSON, about what a submission has. */
const submission = { email: "ann@example.com", phone: "+4915112345678", interest: "solar" };
const padding = "x".repeat(586 - JSON.stringify({ ...submission, note: "" }).length);

export function submitted(): JSONEventData {
  return jsonEvent({ type: "SubmissionReceived", data: { ...submission, note: padding } });
}

interface AppendLoad {
  readonly concurrency: number;
  readonly eventsPerAppend: number;
  readonly forSeconds: number;
}

/** Every append goes to a stream of its own, as submissions do. */
export async function appendLoad(
  client: EventStoreDBClient,
  { concurrency, eventsPerAppend, forSeconds }: AppendLoad,
): Promise<{ perSecond: number; p99: number }> {
  const start = performance.now();
  const latencies: number[] = [];
  const lane = async (): Promise<void> => {
    while (seconds(start) < forSeconds) {
      const sent = performance.now();
      await client.appendToStream(
        `submission-${randomUUID()}`,
        Array.from({ length: eventsPerAppend }, submitted),
        { expectedRevision: "no_stream" },
      );
      latencies.push(performance.now() - sent);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, lane));
  return {
    perSecond: (latencies.length * eventsPerAppend) / seconds(start),
    p99: percentile(latencies, 0.99),
  };
}

export async function readLoad(client: EventStoreDBClient, count: number): Promise<number> {
  const start = performance.now();
  let read = 0;
  for await (const _ of client.readAll({ fromPosition: START, maxCount: count })) read += 1;
  return read / seconds(start);
}

/** From the moment that the append is asked for until a subscriber to $all has the event, in milliseconds. */
export async function lagLoad(
  client: EventStoreDBClient,
  { perSecond, forSeconds }: { perSecond: number; forSeconds: number },
): Promise<number> {
  const sent = new Map<string, number>();
  const lags: number[] = [];
  const wanted = perSecond * forSeconds;
  const subscription = client.subscribeToAll({ fromPosition: "end" });
  const live = new Promise<void>((resolve) => subscription.once("confirmation", () => resolve()));
  const all = new Promise<void>((resolve) => {
    subscription.on("data", ({ event }) => {
      const at = sent.get(event?.id ?? "");
      if (at === undefined) return;
      lags.push(performance.now() - at);
      if (lags.length === wanted) resolve();
    });
  });
  await live;
  const start = performance.now();
  const appends: Promise<unknown>[] = [];
  while (appends.length < wanted) {
    const due = Math.min(wanted, Math.floor(seconds(start) * perSecond));
    while (appends.length < due) {
      const event = submitted();
      sent.set(event.id, performance.now());
      appends.push(client.appendToStream(`submission-${randomUUID()}`, event));
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await Promise.all([...appends, all]);
  await subscription.unsubscribe();
  return percentile(lags, 0.99);
}
