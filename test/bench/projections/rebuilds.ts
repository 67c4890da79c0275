// Events a second from the request to the swap, the comparison with the model in use included.
import { requestRebuild } from "#projections/progress.ts";
import type { TestYard } from "../../leads/yard.ts";
import { appendPastLeads, EVENTS_OF_A_LEAD } from "../../projections/past-leads.ts";
import { pause, quantile, type RunningProjections } from "./process.ts";

const LOOK_MS = 50;
const MODELS = 10;

export async function measureRebuilds(
  yard: TestYard,
  projections: RunningProjections,
  { leads, rounds }: { readonly leads: number; readonly rounds: number },
): Promise<void> {
  await appendPastLeads(yard, leads);
  const events = leads * EVENTS_OF_A_LEAD;
  await upToDate(yard, projections);
  console.log(`log of ${events.toLocaleString("en")} events; memory ${projections.memory().toFixed(0)} MB`);
  const names = (await projections.progress()).map(({ name }) => name);
  const all: number[] = [];
  const one: number[] = [];
  let memory = 0;
  const cpu = { one: 0, all: 0 };
  const time = async (which: readonly string[]): Promise<number> => {
    const before = new Map((await projections.progress()).map(({ name, rebuilt_at }) => [name, rebuilt_at]));
    const bus = await yard.own.bus();
    const began = performance.now();
    await Promise.all(which.map((name) => requestRebuild(bus, name)));
    for (;;) {
      memory = Math.max(memory, projections.memory());
      const now = (await projections.progress()).filter(({ name }) => which.includes(name));
      const isDone = now.every((each) => !each.rebuilding && each.rebuilt_at !== before.get(each.name));
      if (isDone && now.length === which.length) {
        const different = now.filter(({ compared }) => compared?.equal !== true);
        if (different.length > 0)
          throw new Error(`not equal to its rebuild: ${different.map(({ name }) => name)}`);
        return events / ((performance.now() - began) / 1_000);
      }
      await pause(LOOK_MS);
    }
  };
  for (let round = 0; round < rounds; round += 1) {
    const before = projections.cpu();
    one.push(await time(["leads"]));
    const between = projections.cpu();
    all.push(await time(names));
    cpu.one += between - before;
    cpu.all += projections.cpu() - between;
  }
  const perEvent = (seconds: number): number => (seconds * 1e6) / (events * rounds);
  tell("rebuild of leads", one, perEvent(cpu.one), 30_000);
  tell("rebuild of all at once", all, perEvent(cpu.all), 25_000);
  console.log(`memory at most ${memory.toFixed(0)} MB`);
}

async function upToDate(yard: TestYard, projections: RunningProjections): Promise<void> {
  const head = await yard.own.eventStore().head();
  for (;;) {
    const all = await projections.progress();
    if (all.length === MODELS && all.every(({ position }) => BigInt(position) >= head)) return;
    await pause(LOOK_MS);
  }
}

function tell(what: string, rates: readonly number[], cpu: number, target: number): void {
  const shown = rates.map((rate) => Math.round(rate).toLocaleString("en")).join(", ");
  const median = Math.round(quantile(rates, 0.5)).toLocaleString("en");
  console.log(
    `${what}: ${median} events/s (median of ${shown}; target ${target.toLocaleString("en")}), ` +
      `${cpu.toFixed(0)} µs CPU of the projections an event`,
  );
}
