// What the processes of a system cost: found by who started whom and by their command lines, since a system may start as many as it likes.
import { readFileSync } from "node:fs";
import { basename, relative, resolve } from "node:path";
import { childrenOf, statOf, TICKS_PER_SECOND } from "../eventstore/measure.ts";

/** A process with all that it started, or it alone. */
export interface Family {
  readonly name: string;
  readonly pid: number;
  readonly alone?: boolean;
}

/** CPU seconds and resident megabytes. */
export interface Usage {
  readonly user: number;
  readonly system: number;
  readonly rss: number;
  /** What is shared counts in parts, so that a sum is what the machine really gives. */
  readonly pss: number;
}

export type Usages = ReadonlyMap<string, Usage>;

const NONE: Usage = { user: 0, system: 0, rss: 0, pss: 0 };
const REPOSITORY = resolve(import.meta.dirname, "../../..");
/** Everything else inherits the variable and does not read it. */
const WITH_ROLES = "services/main.ts";
const MANY_ROLES = 2;

/** A launcher, and each process that it started, with its descendants. */
export function familiesBelow(launcher: number): Family[] {
  const started = childrenOf(launcher).map((pid) => ({ name: nameOf(pid), pid }));
  return [{ name: "launcher", pid: launcher, alone: true }, ...started];
}

/** Processes of the same name are one line. */
export function usagesOf(families: readonly Family[]): Usages {
  const usages = new Map<string, Usage>();
  for (const { name, pid, alone } of families) {
    const usage = alone ? usageOfOne(pid, false) : usageOfAll(pid);
    usages.set(name, plus(usages.get(name) ?? NONE, usage));
  }
  return usages;
}

export const plus = (one: Usage, other: Usage): Usage => ({
  user: one.user + other.user,
  system: one.system + other.system,
  rss: one.rss + other.rss,
  pss: one.pss + other.pss,
});

export const sumOf = (usages: Iterable<Usage>): Usage => [...usages].reduce(plus, NONE);

/** The time spent between two looks, and the memory of the second one. */
export function spent(before: Usages, after: Usages): Usages {
  return new Map(
    Array.from(after, ([name, usage]) => {
      const { user, system } = before.get(name) ?? NONE;
      return [name, { ...usage, user: usage.user - user, system: usage.system - system }];
    }),
  );
}

function usageOfAll(pid: number): Usage {
  return descendantsOf(pid).reduce((sum, one) => plus(sum, usageOfOne(one, true)), NONE);
}

function descendantsOf(pid: number): number[] {
  try {
    return [pid, ...childrenOf(pid).flatMap(descendantsOf)];
  } catch {
    // It has ended in the meantime, and its time counts with whoever waited for it.
    return [];
  }
}

function usageOfOne(pid: number, withEnded: boolean): Usage {
  try {
    const [user = 0, system = 0, endedUser = 0, endedSystem = 0] = statOf(pid)
      .slice(11, 15)
      .map((ticks) => Number(ticks) / TICKS_PER_SECOND);
    const memory = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
    const megabytes = (name: string): number =>
      (Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(memory)?.[1] ?? 0) * 1024) / 1e6;
    return {
      user: user + (withEnded ? endedUser : 0),
      system: system + (withEnded ? endedSystem : 0),
      rss: megabytes("Rss"),
      pss: megabytes("Pss"),
    };
  } catch {
    return NONE;
  }
}

/** The script of a Node process, with its roles where it can have any; else the program. */
function nameOf(pid: number): string {
  const [program = "", ...args] = partsOf(pid, "cmdline");
  if (!basename(program).startsWith("node")) return basename(program);
  const script = args.find((arg) => /\.m?[jt]s$/.test(arg));
  const file = script === undefined ? "node" : relative(REPOSITORY, script);
  if (file !== WITH_ROLES) return file;
  const roles = partsOf(pid, "environ").find((one) => one.startsWith("ROLES="));
  return roles === undefined ? file : `${file} (${shortened(roles.slice("ROLES=".length).split(","))})`;
}

function shortened(roles: readonly string[]): string {
  if (roles.length <= MANY_ROLES) return roles.join(", ");
  return `${roles[0]} and ${roles.length - 1} more`;
}

function partsOf(pid: number, file: "cmdline" | "environ"): string[] {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8").split("\0");
  } catch {
    return [];
  }
}
