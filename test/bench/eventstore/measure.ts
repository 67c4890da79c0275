// Rates, percentiles and the CPU seconds of the two processes.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

export const TICKS_PER_SECOND = Number(execFileSync("getconf", ["CLK_TCK"]).toString());

export interface Cpu {
  readonly server: number;
  readonly client: number;
}

/** Of /proc/<pid>/stat. The name in the second field may hold spaces; what follows its bracket does not. */
export const statOf = (pid: number): string[] =>
  readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)?.split(" ") ?? [];

export function cpuOf(serverPid: number): Cpu {
  const fields = statOf(serverPid);
  const { user, system } = process.cpuUsage();
  return {
    server: (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND,
    client: (user + system) / 1e6,
  };
}

/** CPU seconds of a process, its children, and those that have ended. */
export function familyCpu(pid: number): number {
  const own = statOf(pid)
    .slice(11, 15)
    .reduce((sum, ticks) => sum + Number(ticks) / TICKS_PER_SECOND, 0);
  return childrenOf(pid).reduce((sum, child) => sum + familyCpu(child), own);
}

/** Those that its main thread started. */
export function childrenOf(pid: number): number[] {
  const pids = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim();
  return pids === "" ? [] : pids.split(" ").map(Number);
}

/** Resident megabytes: now, or the most there ever were. */
export function residentMb(pid: number, which: "VmRSS" | "VmHWM"): number {
  const line = new RegExp(`${which}:\\s+(\\d+) kB`).exec(readFileSync(`/proc/${pid}/status`, "utf8"));
  return (Number(line?.[1]) * 1024) / 1e6;
}

export function percentile(values: readonly number[], fraction: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * fraction))] ?? Number.NaN;
}

export const median = (values: readonly number[]): number => percentile(values, 0.5);

export const seconds = (since: number): number => (performance.now() - since) / 1000;
