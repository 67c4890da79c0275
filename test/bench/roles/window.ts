// What happened between two looks at the processes: how far the work came, and what each of them used.
import { setTimeout as pause } from "node:timers/promises";
import { rounded } from "../docs/machine.ts";
import { familyCpu } from "../eventstore/measure.ts";
import { bindOf } from "./bind.ts";
import type { Pass } from "./options.ts";

/** Process ids by name. */
export type Pids = Readonly<Record<string, readonly number[]>>;

export interface Watched {
  /** Of the role that is measured. */
  readonly role: readonly number[];
  readonly others: Pids;
}

export interface Sample {
  readonly at: number;
  readonly role: readonly number[];
  readonly others: Readonly<Record<string, number>>;
}

export interface Window {
  readonly submissions: number;
  readonly seconds: number;
  /** CPU seconds of each process of the role. */
  readonly role: readonly number[];
  readonly others: Readonly<Record<string, number>>;
}

/** As it is kept in capacity/roles.json. */
export interface Measurement {
  readonly role: string;
  readonly processes: number;
  readonly pinned: boolean;
  readonly per_second: number;
  /** Of all processes of the role. */
  readonly cpu_s_per_1000: number;
  readonly others_cpu_s_per_1000: Readonly<Record<string, number>>;
  /** The busiest process of the role: the share of a core that it used. */
  readonly busiest: number;
  readonly binds: string;
}

const POLL_MS = 50;
const NO_PROGRESS_MS = 180_000;
/** Of the work, until the compilers have seen what is hot and the processes have shared it out. */
const WARM = 0.4;

export function look({ role, others }: Watched): Sample {
  const cpu = Object.entries(others).map(([name, pids]) => [
    name,
    pids.reduce((sum, pid) => sum + cpuOf(pid), 0),
  ]);
  return { at: performance.now(), role: role.map((pid) => cpuOf(pid)), others: Object.fromEntries(cpu) };
}

/** A child of PostgreSQL may end between its being listed and looked at; from then on it counts with its parent. */
function cpuOf(pid: number, tries = 5): number {
  try {
    return familyCpu(pid);
  } catch (error) {
    if (tries === 1) throw error;
    return cpuOf(pid, tries - 1);
  }
}

/** Of processes that are about to start. */
export const lookBefore = (others: Pids): Sample => look({ role: [], others });

export function between(before: Sample, after: Sample, submissions: number): Window {
  const others = Object.entries(after.others).map(([name, cpu]) => [name, cpu - (before.others[name] ?? 0)]);
  return {
    submissions,
    seconds: (after.at - before.at) / 1_000,
    role: after.role.map((cpu, n) => cpu - (before.role[n] ?? 0)),
    others: Object.fromEntries(others),
  };
}

/**
 * From the warm part of the work to its end; `since` is before the role was started, for work that is over at the first look. `progress`
 * says how many are done.
 */
export async function watch(
  watched: Watched,
  what: string,
  { since, from = 0, to, progress }: Work,
): Promise<Window> {
  const warm = from + (to - from) * WARM;
  let start = { sample: since, done: 0 };
  let [furthest, movedAt] = [-1, performance.now()];
  for (;;) {
    const done = await progress();
    const sample = look(watched);
    if (done >= to) return between(start.sample, sample, done - start.done);
    // Moves along until the work is warm.
    if (start.done < warm) start = { sample, done };
    if (done > furthest) [furthest, movedAt] = [done, performance.now()];
    if (performance.now() - movedAt > NO_PROGRESS_MS)
      throw new Error(`${what} stands still at ${done} of ${to}`);
    await pause(POLL_MS);
  }
}

interface Work {
  readonly since: Sample;
  readonly from?: number;
  readonly to: number;
  progress(): Promise<number>;
}

/** Of two stretches of work, each of which every submission needs. */
export function both(one: Window, other: Window): Window {
  const scale = one.submissions / other.submissions;
  return {
    submissions: one.submissions,
    seconds: one.seconds + other.seconds * scale,
    role: one.role.map((cpu, n) => cpu + (other.role[n] ?? 0) * scale),
    others: Object.fromEntries(
      Object.entries(one.others).map(([name, cpu]) => [name, cpu + (other.others[name] ?? 0) * scale]),
    ),
  };
}

export function measurementOf(
  role: string,
  window: Window,
  { processes, pinned }: Pass,
  cores: number,
): Measurement {
  const { submissions, seconds } = window;
  const perThousand = (cpu: number): number => rounded((cpu * 1_000) / submissions, 3);
  const shares = window.role.map((cpu) => cpu / seconds);
  const others = Object.entries(window.others);
  return {
    role,
    processes,
    pinned,
    per_second: rounded(submissions / seconds, 0),
    cpu_s_per_1000: perThousand(window.role.reduce((sum, cpu) => sum + cpu, 0)),
    others_cpu_s_per_1000: Object.fromEntries(others.map(([name, cpu]) => [name, perThousand(cpu)])),
    busiest: rounded(Math.max(0, ...shares), 2),
    binds: bindOf({
      role: shares,
      others: Object.fromEntries(others.map(([name, cpu]) => [name, cpu / seconds])),
      cores,
      pinned,
    }),
  };
}
