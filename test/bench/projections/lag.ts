// From the answer to an append until every read model has it, at a steady rate.
import type { TestYard } from "../../leads/yard.ts";
import { append, EVENTS_OF_A_LEAD, lives, STAGES } from "../../projections/past-leads.ts";
import { ms, pause, quantile, type RunningProjections } from "./process.ts";

const TICK_MS = 25;
const LOOK_MS = 5;

export async function measureLag(
  yard: TestYard,
  projections: RunningProjections,
  { eventsPerSecond, seconds }: { readonly eventsPerSecond: number; readonly seconds: number },
): Promise<void> {
  const perTick = Math.round((eventsPerSecond * TICK_MS) / 1_000 / EVENTS_OF_A_LEAD);
  const ticks = Math.round((seconds * 1_000) / TICK_MS);
  const all = await lives(yard, perTick * ticks);
  const waiting: { readonly position: bigint; readonly at: number }[] = [];
  const lags: number[] = [];
  let isOver = false;
  const look = async (): Promise<void> => {
    while (!isOver || waiting.length > 0) {
      const [row] = await yard.own
        .database()
        .query<{ position: bigint }>(
          "select min(position) as position from projections.checkpoint where schema_name not like '%\\_rebuild'",
        );
      const now = performance.now();
      while (waiting[0] !== undefined && waiting[0].position <= (row?.position ?? 0n))
        lags.push(now - (waiting.shift()?.at ?? now));
      await pause(LOOK_MS);
    }
  };
  const looking = look();
  const began = performance.now();
  const writing = new Set<Promise<void>>();
  for (let tick = 0; tick < ticks; tick += 1) {
    const cohort = all.slice(tick * perTick, (tick + 1) * perTick);
    const write = (async () => {
      for (let stage = 0; stage < STAGES; stage += 1) await append(yard, cohort, stage);
      waiting.push({ position: await yard.own.eventStore().head(), at: performance.now() });
    })().finally(() => writing.delete(write));
    writing.add(write);
    await pause(Math.max(0, began + (tick + 1) * TICK_MS - performance.now()));
  }
  await Promise.all(writing);
  const rate = (all.length * EVENTS_OF_A_LEAD * 1_000) / (performance.now() - began);
  isOver = true;
  await looking;
  console.log(
    `live at ${rate.toFixed(0)} events/s: lag p50 ${ms(quantile(lags, 0.5))} ms, p99 ${ms(quantile(lags, 0.99))} ms (target 250 ms); ` +
      `memory ${projections.memory().toFixed(0)} MB`,
  );
}
