// The processes that the launcher starts. None of them outlives it.
import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Environment } from "#platform/config.ts";
import { nodeEnvironment } from "../environment.ts";
import type { Problem } from "../problem.ts";
import { type Child, type Command, killGroup, type Running, supervise } from "./child.ts";
import { createLaunchRecord } from "./launch-record.ts";
import { openLogFile } from "./log-file.ts";
import { standBack } from "./stand-back.ts";

export interface Children {
  start(command: Command): Child;
  /** Once all are stopped. */
  close(): void;
}

export interface ChildrenOptions {
  readonly dataDir: string;
  readonly env: Environment;
  /** Whether this launcher owns the data folder. */
  readonly owner: boolean;
  readonly say: (line: string) => void;
  /** A child can't be kept up; everything should end. */
  readonly onGiveUp: (problem: Problem) => void;
}

export function createChildren({ dataDir, env, owner, say, onGiveUp }: ChildrenOptions): Children {
  const record = createLaunchRecord(dataDir, owner);
  const watchdog = startWatchdog(dataDir, env);
  const alive = new Set<Running>();
  process.once("exit", () => {
    for (const running of alive) killGroup(running);
  });

  function launch(wanted: Command, descriptor: number): Running {
    const { name, command, args, env, user, niceness, stopSignal } = wanted;
    const process = spawn(command, args, {
      // Its own process group: Ctrl-C reaches the launcher alone, which then stops everything in order.
      detached: true,
      cwd: user === undefined ? undefined : "/",
      env,
      stdio: ["pipe", descriptor, descriptor],
      ...user,
    });
    const exited = new Promise<string>((resolve) => {
      process.once("exit", (code, signal) => resolve(signal === null ? `code ${code}` : `signal ${signal}`));
      process.once("error", (error) => resolve(error.message));
    });
    const running = { pid: process.pid ?? 0, process, exited };
    alive.add(running);
    if (running.pid > 0) {
      record.add(name, running.pid, stopSignal);
      if (niceness !== undefined) standBack(running.pid, niceness);
    }
    void exited.then(() => {
      alive.delete(running);
      record.remove(running.pid);
    });
    return running;
  }

  return {
    start(command) {
      const file = `${command.name.replaceAll(" ", "-").toLowerCase()}.log`;
      const log = openLogFile(join(dataDir, "logs", file));
      return supervise(command, { log, launch: (one) => launch(one, log.descriptor), say, onGiveUp });
    },
    close() {
      record.close();
      watchdog.stdin?.end();
    },
  };
}

/** A shell waits, since it takes a megabyte where Node takes thirty. It goes on when the pipe ends that we alone hold open. */
const WAIT = 'trap "" INT TERM HUP; while read -r _; do :; done; exec "$@"';

function startWatchdog(dataDir: string, env: Environment): ChildProcess {
  const script = fileURLToPath(import.meta.resolve("./watchdog.ts"));
  const then = [process.execPath, script, dataDir, `${process.pid}`];
  const watchdog = spawn("/bin/sh", ["-c", WAIT, "watchdog", ...then], {
    detached: true,
    env: nodeEnvironment(env),
    stdio: ["pipe", "ignore", "ignore"],
  });
  watchdog.unref();
  return watchdog;
}
