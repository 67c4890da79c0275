// From the answer to an append until every read model has it, at a steady rate.
import { append, EVENTS_OF_A_LEAD, lives, STAGES } from "../../projections/past-leads.ts";
import { percentile } from "../eventstore/measure.ts";
import { fixed, whole } from "../pipeline/report.ts";
import type { PreparedYard } from "./prepared-yard.ts";
import { costOf, cpuOf, pause, runningProjections } from "./process.ts";

const TICK_MS = 25;
const LOOK_MS = 5;

export interface Traffic {
  readonly eventsPerSecond: number;
  readonly seconds: number;
}

interface Done {
  readonly lives: number;
  /** By the clock. */
  readonly rate: number;
}

/** Told of each place up to which the log was answered for. */
export async function liveTraffic(
  { yard }: PreparedYard,
  { eventsPerSecond, seconds }: Traffic,
  onAppended: (position: bigint) => void = () => undefined,
): Promise<Done> {
  const perTick = Math.round((eventsPerSecond * TICK_MS) / 1_000 / EVENTS_OF_A_LEAD);
  const ticks = Math.round((seconds * 1_000) / TICK_MS);
  const all = await lives(yard, perTick * ticks);
  const began = performance.now();
  const writing = new Set<Promise<void>>();
  for (let tick = 0; tick < ticks; tick += 1) {
    const cohort = all.slice(tick * perTick, (tick + 1) * perTick);
    const write = (async () => {
      for (let stage = 0; stage < STAGES; stage += 1) await append(yard, cohort, stage);
      onAppended(await yard.own.eventStore().head());
    })().finally(() => writing.delete(write));
    writing.add(write);
    await pause(Math.max(0, began + (tick + 1) * TICK_MS - performance.now()));
  }
  await Promise.all(writing);
  return {
    lives: all.length,
    rate: (all.length * EVENTS_OF_A_LEAD * 1_000) / (performance.now() - began),
  };
}

export async function measureLag(prepared: PreparedYard, traffic: Traffic): Promise<void> {
  const projections = await runningProjections(prepared);
  const database = prepared.yard.own.database();
  const waiting: { readonly position: bigint; readonly at: number }[] = [];
  const lags: number[] = [];
  let isOver = false;
  const look = async (): Promise<void> => {
    while (!isOver || waiting.length > 0) {
      const [row] = await database.query<{ position: bigint }>(
        "select min(position) as position from projections.checkpoint where schema_name not like '%\\_rebuild'",
      );
      const now = performance.now();
      while (waiting[0] !== undefined && waiting[0].position <= (row?.position ?? 0n))
        lags.push(now - (waiting.shift()?.at ?? now));
      await pause(LOOK_MS);
    }
  };
  // The first transactions of a process are slow.
  await liveTraffic(prepared, { ...traffic, seconds: 2 });
  await projections.upToDate();
  const looking = look();
  let done: Done = { lives: 0, rate: 0 };
  const cost = await costOf(projections, async () => {
    done = await liveTraffic(prepared, traffic, (position) =>
      waiting.push({ position, at: performance.now() }),
    );
  });
  isOver = true;
  await looking;
  const micros = (name: string): string =>
    fixed((cpuOf(cost, name) * 1e6) / (done.lives * EVENTS_OF_A_LEAD), 0);
  console.log(
    `live at ${whole(done.rate)} events/s: lag p50 ${fixed(percentile(lags, 0.5), 0)} ms, p99 ${fixed(percentile(lags, 0.99), 0)} ms (target 250 ms); ` +
      `CPU an event: projections ${micros("projections")} µs, PostgreSQL ${micros("PostgreSQL")} µs; memory ${whole(projections.memory())} MB`,
  );
  await projections.stop();
}
