// Runs the scenarios of a script beside each other, each by its executor.
import { setTimeout as pause } from "node:timers/promises";
import type { Options, Scenario } from "k6/options";
import { withinIteration } from "./k6/execution.ts";
import { Counter } from "./k6/metrics.ts";

type Iterate = () => Promise<void>;
const TICK_MS = 5;
const DROPPED = new Counter("dropped_iterations");

/** Returns what iterations threw. */
export async function runScenarios(
  { scenarios = {} }: Options,
  script: Readonly<Record<string, unknown>>,
): Promise<readonly unknown[]> {
  const errors: unknown[] = [];
  const runs = Object.entries(scenarios).map(async ([name, scenario]) => {
    const work = script[scenario.exec ?? "default"] as Iterate;
    let iterations = 0;
    const iterate = async (): Promise<void> => {
      const iterationInTest = iterations;
      iterations += 1;
      await withinIteration({ name, iterationInTest }, work).catch((error) => errors.push(error));
    };
    await pause(millisecondsOf(scenario.startTime ?? "0s"));
    await execute(scenario, iterate, () =>
      withinIteration({ name, iterationInTest: 0 }, () => DROPPED.add(1)),
    );
  });
  await Promise.all(runs);
  return errors;
}

async function execute(scenario: Scenario, iterate: Iterate, drop: () => void): Promise<void> {
  switch (scenario.executor) {
    case "per-vu-iterations": {
      const { vus = 1, iterations = 1 } = scenario;
      await atOnce(vus, async () => {
        for (let n = 0; n < iterations; n += 1) await iterate();
      });
      return;
    }
    case "constant-vus": {
      const end = performance.now() + millisecondsOf(scenario.duration);
      await atOnce(scenario.vus ?? 1, async () => {
        while (performance.now() < end) await iterate();
      });
      return;
    }
    case "constant-arrival-rate":
      return atRate(scenario.rate, scenario, iterate, drop);
    default:
      throw new Error(`The executor ${scenario.executor} runs only in k6`);
  }
}

async function atOnce(vus: number, work: () => Promise<void>): Promise<void> {
  await Promise.all(Array.from({ length: vus }, work));
}

async function atRate(
  perSecond: number,
  { duration, maxVUs, preAllocatedVUs }: { duration: string; maxVUs?: number; preAllocatedVUs: number },
  iterate: Iterate,
  drop: () => void,
): Promise<void> {
  const running = new Set<Promise<void>>();
  const begunAt = performance.now();
  const total = Math.round((perSecond * millisecondsOf(duration)) / 1_000);
  for (let started = 0; started < total; await pause(TICK_MS)) {
    const due = Math.min(total, Math.floor(((performance.now() - begunAt) * perSecond) / 1_000));
    for (; started < due; started += 1) {
      if (running.size >= (maxVUs ?? preAllocatedVUs)) {
        drop();
        continue;
      }
      const one: Promise<void> = iterate().finally(() => running.delete(one));
      running.add(one);
    }
  }
  await Promise.all(running);
}

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

export function millisecondsOf(duration: string): number {
  const [, number, unit = ""] = /^(\d+)(ms|s|m|h)$/.exec(duration) ?? [];
  const ms = Number(number) * (UNITS[unit] ?? Number.NaN);
  if (Number.isNaN(ms)) throw new Error(`${duration} is no duration like 500ms, 30s or 10m`);
  return ms;
}
