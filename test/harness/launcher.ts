// The launcher of `npm start` as a child process, on a data folder of its own.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "./wait.ts";

export interface Launcher {
  readonly process: ChildProcess;
  readonly pid: number;
  readonly output: () => string;
}

const LAUNCHER = join(import.meta.dirname, "../../deploy/local/start.ts");
const START_DEADLINE_MS = 90_000;
const STOP_DEADLINE_MS = 30_000;
/** Launchers stop by themselves when their parent is gone; the folder may be removed only after that. */
export const GRACE_S = 60;
const MAX_OUTPUT = 20_000;

export function newDataDir(prefix: string): string {
  const dataDir = mkdtempSync(join(tmpdir(), prefix));
  // If this runs as root, PostgreSQL runs as another user, who must be able to pass.
  chmodSync(dataDir, 0o755);
  return dataDir;
}

export function spawnLauncher(env: Readonly<Record<string, string>>): Launcher {
  // Only these variables: a DATABASE_URL of the caller's must not change what is measured.
  const { PATH, HOME, TMPDIR, NATS_SERVER } = process.env;
  const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", LAUNCHER], {
    // npm_lifecycle_event makes the launcher stop when its parent is gone.
    env: { ...{ PATH, HOME, TMPDIR, NATS_SERVER }, npm_lifecycle_event: "start", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  const append = (chunk: Buffer): void => {
    output = `${output}${chunk}`.slice(-MAX_OUTPUT);
  };
  child.stdout.on("data", append);
  child.stderr.on("data", append);
  return { process: child, pid: child.pid ?? 0, output: () => output };
}

export async function untilReady(launcher: Launcher, isReady: () => boolean): Promise<void> {
  const isSettled = (): boolean => hasExited(launcher) || isReady();
  await until("the yard is ready", isSettled, START_DEADLINE_MS).catch((error: Error) => {
    throw new Error(`${error.message}. Its output:\n${launcher.output()}`);
  });
  if (hasExited(launcher)) throw new Error(`The yard ended before it was ready:\n${launcher.output()}`);
}

const hasExited = ({ process: { exitCode, signalCode } }: Launcher): boolean =>
  exitCode !== null || signalCode !== null;

export async function stopLauncher(launcher: Launcher): Promise<void> {
  if (hasExited(launcher)) return;
  const exited = once(launcher.process, "exit");
  launcher.process.kill("SIGTERM");
  // After a SIGKILL the launcher's own watchdog ends its children.
  const timer = setTimeout(() => launcher.process.kill("SIGKILL"), STOP_DEADLINE_MS);
  await exited;
  clearTimeout(timer);
}
