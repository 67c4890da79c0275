// CPU and memory of a system's processes. They are found by parent and command line, because a system may start any number of them.
import { readFileSync } from "node:fs";
import { basename, relative, resolve } from "node:path";
import { childrenOf, statOf, TICKS_PER_SECOND } from "../eventstore/measure.ts";

/** A process with its descendants, or only the process itself. */
export interface ProcessTree {
  readonly name: string;
  readonly pid: number;
  readonly rootOnly?: boolean;
}

export interface Usage {
  /** CPU seconds. */
  readonly user: number;
  readonly system: number;
  /** Resident megabytes. */
  readonly rss: number;
  /** Resident megabytes with shared pages divided among the processes that share them, so that values can be added. */
  readonly pss: number;
}

export type Usages = ReadonlyMap<string, Usage>;

const NONE: Usage = { user: 0, system: 0, rss: 0, pss: 0 };
const REPOSITORY = resolve(import.meta.dirname, "../../..");
/** The script that reads ROLES; all others only inherit it. */
const COMPOSITION_ROOT = "services/main.ts";
const MAX_ROLES_SHOWN = 2;

/** The launcher itself, and a tree for each of its children. */
export function processTreesOf(launcher: number): ProcessTree[] {
  const children = childrenOf(launcher).map((pid) => ({ name: nameOf(pid), pid }));
  return [{ name: "launcher", pid: launcher, rootOnly: true }, ...children];
}

/** Trees of the same name are added up. */
export function usagesOf(trees: readonly ProcessTree[]): Usages {
  const usages = new Map<string, Usage>();
  for (const { name, pid, rootOnly } of trees) {
    const usage = rootOnly ? usageOf(pid, { withEndedChildren: false }) : usageOfTree(pid);
    usages.set(name, add(usages.get(name) ?? NONE, usage));
  }
  return usages;
}

export const add = (one: Usage, other: Usage): Usage => ({
  user: one.user + other.user,
  system: one.system + other.system,
  rss: one.rss + other.rss,
  pss: one.pss + other.pss,
});

export const sumOf = (usages: Usages): Usage => [...usages.values()].reduce(add, NONE);

/** CPU time between two samples, and the memory of the second one. */
export function usagesBetween(before: Usages, after: Usages): Usages {
  return new Map(
    Array.from(after, ([name, usage]) => {
      const { user, system } = before.get(name) ?? NONE;
      return [name, { ...usage, user: usage.user - user, system: usage.system - system }];
    }),
  );
}

function usageOfTree(pid: number): Usage {
  return descendantsOf(pid).reduce((sum, one) => add(sum, usageOf(one, { withEndedChildren: true })), NONE);
}

function descendantsOf(pid: number): number[] {
  try {
    return [pid, ...childrenOf(pid).flatMap(descendantsOf)];
  } catch {
    // It has ended meanwhile; its CPU time counts with its parent.
    return [];
  }
}

function usageOf(pid: number, { withEndedChildren }: { readonly withEndedChildren: boolean }): Usage {
  try {
    const [user = 0, system = 0, endedUser = 0, endedSystem = 0] = statOf(pid)
      .slice(11, 15)
      .map((ticks) => Number(ticks) / TICKS_PER_SECOND);
    const memory = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
    const megabytes = (name: string): number =>
      (Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(memory)?.[1] ?? 0) * 1024) / 1e6;
    return {
      user: user + (withEndedChildren ? endedUser : 0),
      system: system + (withEndedChildren ? endedSystem : 0),
      rss: megabytes("Rss"),
      pss: megabytes("Pss"),
    };
  } catch {
    return NONE;
  }
}

/** The script of a Node process, or of one that waits to become it, with its roles if it has any; else the program. */
function nameOf(pid: number): string {
  const [program = "", ...args] = stringsIn(pid, "cmdline");
  const script = args.find((arg) => /\.m?[jt]s$/.test(arg));
  const name = script === undefined ? basename(program) : relative(REPOSITORY, script);
  if (name !== COMPOSITION_ROOT) return name;
  const roles = stringsIn(pid, "environ").find((one) => one.startsWith("ROLES="));
  return roles === undefined ? name : `${name} (${abbreviated(roles.slice("ROLES=".length).split(","))})`;
}

function abbreviated(roles: readonly string[]): string {
  if (roles.length <= MAX_ROLES_SHOWN) return roles.join(", ");
  return `${roles[0]} and ${roles.length - 1} more`;
}

function stringsIn(pid: number, file: "cmdline" | "environ"): string[] {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8").split("\0");
  } catch {
    return [];
  }
}
