// A process id is used again sooner or later; with the moment it started, it names one process for ever.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";

const LOOK_MS = 20;

/** Undefined when no such process lives; one that only waits to be collected is dead too. */
export function identityOf(pid: number): string | undefined {
  if (process.platform !== "linux") {
    const started = spawnSync("ps", ["-o", "lstart=", "-p", `${pid}`])
      .stdout?.toString()
      .trim();
    return started === "" ? undefined : started;
  }
  try {
    // The name stands in brackets and may hold anything, so the fields are counted from behind it.
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
    return fields[0] === "Z" || fields[0] === "X" ? undefined : `${boot}/${fields[19]}`;
  } catch {
    return undefined;
  }
}

export interface ProcessIdentity {
  readonly pid: number;
  readonly identity: string;
}

export const isAlive = ({ pid, identity }: ProcessIdentity): boolean => identityOf(pid) === identity;

/** Asks it to end, insists when it has not by then, and returns once it is gone. Never touches another process. */
export async function endProcess(
  one: ProcessIdentity,
  signal: NodeJS.Signals,
  graceMs: number,
): Promise<void> {
  signalProcess(one, signal);
  for (const end = performance.now() + graceMs; isAlive(one) && performance.now() < end; )
    await pause(LOOK_MS);
  signalProcess(one, "SIGKILL");
  while (isAlive(one)) await pause(LOOK_MS);
}

function signalProcess(one: ProcessIdentity, signal: NodeJS.Signals): void {
  if (!isAlive(one)) return;
  try {
    process.kill(one.pid, signal);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
  }
}
