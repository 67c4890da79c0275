// How long other programs had the machine's cores: what a test has to do within a time, it has to do within that time of a machine that
// it has to itself. Always 0 where there is no /proc.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { availableParallelism } from "node:os";

const TICK_MS = 10;

/** Gives the milliseconds that others had since then, as if they had had all cores. */
export function watchOthers(): () => number {
  if (!existsSync("/proc/stat")) return () => 0;
  const [busy, own] = [busyTicks(), ownTicks()];
  return () => {
    const others = busyTicks() - busy - (ownTicks() - own);
    return (Math.max(0, others) * TICK_MS) / availableParallelism();
  };
}

/** Of all cores: user, nice, system, irq, softirq and steal. */
function busyTicks(): number {
  const [first = ""] = readFileSync("/proc/stat", "utf8").split("\n");
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = first
    .split(/\s+/)
    .slice(1)
    .map(Number);
  return user + nice + system + irq + softirq + steal;
}

/** Of this process and all that it started, those that have ended included. */
function ownTicks(): number {
  const found = new Map<number, { readonly parent: number; readonly ticks: number }>();
  for (const name of readdirSync("/proc").filter((one) => /^\d+$/.test(one))) {
    const fields = statOf(name);
    if (fields === undefined) continue;
    const [user = 0, system = 0, ofEnded = 0, systemOfEnded = 0] = fields.slice(11, 15).map(Number);
    found.set(Number(name), { parent: Number(fields[1]), ticks: user + system + ofEnded + systemOfEnded });
  }
  const isOwn = (pid: number): boolean =>
    pid === process.pid || (found.has(pid) && isOwn(found.get(pid)?.parent ?? 0));
  return [...found].reduce((sum, [pid, { ticks }]) => sum + (isOwn(pid) ? ticks : 0), 0);
}

/** What follows the program's name; undefined where it has ended meanwhile. */
function statOf(pid: string): string[] | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    return text.slice(text.lastIndexOf(")") + 2).split(" ");
  } catch {
    return undefined;
  }
}
