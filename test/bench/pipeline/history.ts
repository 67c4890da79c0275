// Whether the time of a start depends on the length of the history.
import { randomUUID } from "node:crypto";
import { connectEventStore, type EventStore } from "#platform/event-store/event-store.ts";
import type { NewEvent } from "#platform/event-store/stored-event.ts";
import { createLog } from "#platform/log.ts";
import type { Bench } from "./bench.ts";
import type { Options } from "./options.ts";
import { fixed, table, whole } from "./report.ts";
import { isExact, measure, WARM_UP } from "./round.ts";
import { type RunningYard, startYard } from "./yard.ts";

/** So many starts; the first of them also finds pages of the disk that are not in memory. */
const STARTS = 3;
const BATCH = 1_000;
const WRITERS = 8;
const TEXT = "x".repeat(400);

/** False if a submission after the starts was lost or doubled. */
export async function history(
  bench: Bench,
  { submissions: events, connections, apart }: Options,
): Promise<boolean> {
  const yard = await startYard({ ...bench, apart });
  try {
    const empty = await timed(() => yard.restart());
    await measure(yard, bench, { from: 0, many: WARM_UP, connections });
    const filled = await timed(() => fill(yard, events));
    console.log(
      `${whole(events)} events appended and passed by the read models in ${fixed(filled / 1_000)} s`,
    );
    const starts: number[] = [];
    while (starts.length < STARTS) starts.push(await timed(() => yard.restart()));
    const rows = [
      ["empty log", fixed(empty / 1_000)],
      ...starts.map((ms, n) => [`start ${n + 1} with ${whole(events)} events`, fixed(ms / 1_000)]),
    ];
    console.log(table([["until every role is ready", "s"], ...rows]));
    const round = await measure(yard, bench, { from: WARM_UP, many: WARM_UP, connections });
    return isExact(round.check);
  } finally {
    await yard.stop();
  }
}

/** Written past the gateway, since what they say does not matter: only that the log holds them. */
async function fill({ connections, readModels }: RunningYard, events: number): Promise<void> {
  const { eventstoreUrl: url } = connections;
  const log = createLog({ level: "error", name: "bench", instance: "bench" });
  const eventStore = connectEventStore({ url, log });
  let left = events;
  async function write(): Promise<void> {
    for (let n = Math.min(BATCH, left); n > 0; n = Math.min(BATCH, left)) {
      left -= n;
      await append(eventStore, n);
    }
  }
  await Promise.all(Array.from({ length: WRITERS }, write));
  const head = Number(await eventStore.head());
  while ((await readModels.caughtUp(head)) === undefined) console.log("the read models are still behind");
  await eventStore.close();
}

function append(eventStore: EventStore, count: number): Promise<unknown> {
  const at = new Date().toISOString();
  const batch = Array.from(
    { length: count },
    (): NewEvent => ({
      id: randomUUID(),
      type: "SomethingHappened",
      data: { text: TEXT },
      metadata: { schema: 1, at },
    }),
  );
  return eventStore.append(`history-${randomUUID()}`, "any", batch);
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}
