// The projections in a process of their own, as they run beside others, and what they and their neighbours cost.
import { createProgressQueries, type ProjectionProgress } from "#projections/progress.ts";
import { type NodeProcess, startNode } from "../../harness/process.ts";
import { yardEnvironment } from "../../harness/yard-environment.ts";
import { residentMb } from "../eventstore/measure.ts";
import { type Usages, usagesBetween, usagesOf } from "../pipeline/processes.ts";
import type { PreparedYard } from "./prepared-yard.ts";

const MAIN = new URL("../../../services/projections/main.ts", import.meta.url).pathname;
const LOOK_MS = 50;
const MODELS = 10;

export interface RunningProjections {
  readonly process: NodeProcess;
  progress(): Promise<ProjectionProgress[]>;
  /** Every model is there and at the end of the log. */
  upToDate(): Promise<void>;
  /** Of the processes that take part. */
  usages(): Usages;
  /** Resident megabytes. */
  memory(): number;
  stop(): Promise<void>;
}

export async function runningProjections(
  { yard, store }: PreparedYard,
  profile?: string,
): Promise<RunningProjections> {
  const process = await startNode(MAIN, {
    ...yardEnvironment(yard.config),
    LOG_LEVEL: "warn",
    ...(profile !== undefined && { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${profile}` }),
  });
  const queries = createProgressQueries({ database: yard.own.database(), eventStore: yard.own.eventStore() });
  const trees = [
    { name: "projections", pid: process.pid, rootOnly: true },
    { name: "PostgreSQL", pid: yard.parts.postgres.pid },
    { name: "event store", pid: store.pid, rootOnly: true },
  ];
  return {
    process,
    progress: () => queries.list(),
    async upToDate() {
      const head = await yard.own.eventStore().head();
      for (;;) {
        const all = await queries.list();
        if (all.length === MODELS && all.every(({ position }) => BigInt(position) >= head)) return;
        await pause(LOOK_MS);
      }
    },
    usages: () => usagesOf(trees),
    memory: () => residentMb(process.pid, "VmRSS"),
    stop: async () => void (await process.stop()),
  };
}

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

export interface Cost {
  /** Seconds by the clock. */
  readonly wall: number;
  readonly usages: Usages;
}

export async function costOf(projections: RunningProjections, work: () => Promise<unknown>): Promise<Cost> {
  const before = projections.usages();
  const began = performance.now();
  await work();
  const wall = (performance.now() - began) / 1_000;
  return { wall, usages: usagesBetween(before, projections.usages()) };
}

export const cpuOf = ({ usages }: Cost, name: string): number => {
  const { user = 0, system = 0 } = usages.get(name) ?? {};
  return user + system;
};
