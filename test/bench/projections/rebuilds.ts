// Events a second from the request to the swap, the comparison with the model in use included; by the clock, and by CPU of each process.
import { requestRebuild } from "#projections/progress.ts";
import { median } from "../eventstore/measure.ts";
import { fixed, table, whole } from "../pipeline/report.ts";
import type { PreparedYard } from "./prepared-yard.ts";
import { type Cost, costOf, cpuOf, pause, type RunningProjections, runningProjections } from "./process.ts";

const LOOK_MS = 50;

export interface RebuildOptions {
  readonly rounds: number;
  readonly profile?: string | undefined;
}

export async function measureRebuilds(
  prepared: PreparedYard,
  { rounds, profile }: RebuildOptions,
): Promise<void> {
  const projections = await runningProjections(prepared, profile);
  const first = await costOf(projections, () => projections.upToDate());
  const names = (await projections.progress()).map(({ name }) => name);
  const leads: Cost[] = [];
  const all: Cost[] = [];
  for (let round = 0; round < rounds; round += 1) {
    leads.push(await costOf(projections, () => rebuilt(prepared, projections, ["leads"])));
    all.push(await costOf(projections, () => rebuilt(prepared, projections, names)));
  }
  const row = (what: string, costs: readonly Cost[], target: string): string[] => {
    const figure = (of: (cost: Cost) => number): number => median(costs.map(of));
    const micros = (name: string): string =>
      fixed((figure((cost) => cpuOf(cost, name)) * 1e6) / prepared.events);
    const all = figure((cost) => PROCESSES.reduce((sum, name) => sum + cpuOf(cost, name), 0));
    return [
      what,
      whole(prepared.events / figure(({ wall }) => wall)),
      target,
      whole(prepared.events / all),
      ...PROCESSES.map(micros),
    ];
  };
  console.log(`${whole(prepared.events)} events; medians of ${rounds}`);
  console.log(
    table([
      ["", "events/s", "target", "per CPU s", ...PROCESSES.map((name) => `${name} µs`)],
      row("first start, all", [first], ""),
      row("rebuild of leads", leads, "30,000"),
      row("rebuild of all at once", all, "25,000"),
    ]),
  );
  await projections.stop();
}

const PROCESSES = ["projections", "PostgreSQL", "event store"];

/** Throws where a rebuild is not equal to what it replaced. */
export async function rebuilt(
  { yard }: PreparedYard,
  projections: RunningProjections,
  names: readonly string[],
  onLook: () => Promise<void> | void = () => undefined,
): Promise<void> {
  const before = new Map((await projections.progress()).map(({ name, rebuilt_at }) => [name, rebuilt_at]));
  const bus = await yard.own.bus();
  await Promise.all(names.map((name) => requestRebuild(bus, name)));
  for (;;) {
    const now = (await projections.progress()).filter(({ name }) => names.includes(name));
    const isDone = now.every((each) => !each.rebuilding && each.rebuilt_at !== before.get(each.name));
    if (isDone && now.length === names.length) {
      const different = now.filter(({ compared }) => compared?.equal !== true);
      if (different.length === 0) return;
      throw new Error(`not equal to its rebuild: ${different.map(({ name }) => name)}`);
    }
    await onLook();
    await pause(LOOK_MS);
  }
}
