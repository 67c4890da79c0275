// The projections in a process of their own, as they run beside others.
import { readFileSync } from "node:fs";
import { createProgressQueries, type ProjectionProgress } from "#projections/progress.ts";
import { type NodeProcess, startNode } from "../../harness/process.ts";
import { yardEnvironment } from "../../harness/yard-environment.ts";
import type { TestYard } from "../../leads/yard.ts";

const MAIN = new URL("../../../services/projections/main.ts", import.meta.url).pathname;

export interface RunningProjections {
  readonly process: NodeProcess;
  progress(): Promise<ProjectionProgress[]>;
  /** Seconds of CPU so far. */
  cpu(): number;
  /** Resident memory in MB. */
  memory(): number;
  stop(): Promise<void>;
}

export async function runningProjections(yard: TestYard): Promise<RunningProjections> {
  const process = await startNode(MAIN, { ...yardEnvironment(yard.config), LOG_LEVEL: "warn" });
  const queries = createProgressQueries({ database: yard.own.database(), eventStore: yard.own.eventStore() });
  return {
    process,
    progress: () => queries.list(),
    cpu() {
      const text = readFileSync(`/proc/${process.pid}/stat`, "utf8");
      const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
      return (Number(fields[11]) + Number(fields[12])) / 100;
    },
    memory: () =>
      Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${process.pid}/status`, "utf8"))?.[1]) / 1_024,
    stop: async () => void (await process.stop()),
  };
}

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

export const ms = (value: number): string => value.toFixed(value < 10 ? 1 : 0);
