// Resources register how they close; the process closes all of them in reverse order, once, within a deadline.
import { ConfigError } from "./config.ts";
import { every } from "./every.ts";
import { createLog, type Log } from "./log.ts";

export interface Lifecycle {
  /** Registers how to close what was just opened. */
  own(name: string, close: () => Promise<void> | void): void;
  /** Closes everything in reverse order of opening; later calls wait for the first. */
  stop(reason: string): Promise<void>;
  /** Aborted as soon as stopping begins. */
  readonly stopping: AbortSignal;
}

export interface LifecycleOptions {
  readonly log: Log;
  /** For all resources together; what is not closed by then is abandoned. */
  readonly deadlineMs: number;
}

interface Owned {
  readonly name: string;
  readonly close: () => Promise<void> | void;
}

export function createLifecycle({ log, deadlineMs }: LifecycleOptions): Lifecycle {
  const owned: Owned[] = [];
  const stopping = new AbortController();
  let stopped: Promise<void> | undefined;

  async function closeOne({ name, close }: Owned, remainingMs: number): Promise<void> {
    const late = Symbol();
    const deadline = Promise.withResolvers<typeof late>();
    const timer = setTimeout(deadline.resolve, remainingMs, late);
    try {
      const outcome = await Promise.race([(async () => close())(), deadline.promise]);
      if (outcome === late) log.warn({ resource: name }, "resource did not close in time");
    } catch (error) {
      log.error({ err: error, resource: name }, "resource did not close cleanly");
    } finally {
      clearTimeout(timer);
    }
  }

  async function closeAll(reason: string): Promise<void> {
    log.info({ reason }, "process stopping");
    const deadline = performance.now() + deadlineMs;
    stopping.abort();
    for (let one = owned.pop(); one; one = owned.pop()) {
      await closeOne(one, Math.max(0, deadline - performance.now()));
    }
    log.info("process stopped");
  }

  return {
    stopping: stopping.signal,
    own(name, close) {
      owned.push({ name, close });
    },
    stop(reason) {
      stopped ??= closeAll(reason);
      return stopped;
    },
  };
}

export interface ProcessOptions {
  readonly log: Log;
  readonly deadlineMs: number;
  /** Ends with this process, also when that is killed outright. */
  readonly parentPid: number;
}

const PARENT_CHECK_MS = 1000;

/** Calls back once when this process is no child of `pid` any more. */
export function whenOrphaned(pid: number, onOrphaned: () => void): void {
  const end = every({
    ms: PARENT_CHECK_MS,
    work: () => {
      if (process.ppid === pid) return;
      end();
      onOrphaned();
    },
  });
}

/** Runs `build` as the whole of this process. It exits when the lifecycle has stopped, with 1 after an error. */
export async function runProcess(
  name: string,
  build: (lifecycle: Lifecycle) => Promise<void>,
  options: Partial<ProcessOptions> = {},
): Promise<void> {
  const log = options.log ?? createLog({ level: "info", name, instance: `${process.pid}` });
  const lifecycle = createLifecycle({ log, deadlineMs: options.deadlineMs ?? 10_000 });
  const { parentPid } = options;

  const stopWith = async (code: number, reason: string): Promise<void> => {
    // The first to ask for a failure wins over a clean end, never the other way round.
    process.exitCode = Math.max(Number(process.exitCode ?? 0), code);
    await lifecycle.stop(reason);
    process.exit();
  };

  const onSignal = (signal: NodeJS.Signals): void => {
    if (lifecycle.stopping.aborted) {
      log.warn({ signal }, "process ended by a second signal");
      process.exit(130);
    }
    void stopWith(0, signal);
  };
  process.on("SIGTERM", onSignal);
  process.on("SIGINT", onSignal);
  // Unhandled rejections arrive here too: Node raises them as exceptions.
  process.on("uncaughtException", (error) => {
    log.fatal({ err: error }, "error was not handled");
    void stopWith(1, "uncaught exception");
  });
  if (parentPid !== undefined) {
    whenOrphaned(parentPid, () => void stopWith(1, `the parent ${parentPid} is gone`));
  }

  try {
    await build(lifecycle);
  } catch (error) {
    // What a stop has broken off has not failed.
    if (lifecycle.stopping.aborted) return void log.info({ err: error }, "start broken off");
    if (error instanceof ConfigError) process.stderr.write(`${error.message}\n`);
    else log.fatal({ err: error }, "could not start");
    await stopWith(1, "could not start");
  }
}
