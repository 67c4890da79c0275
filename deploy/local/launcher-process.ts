// The launcher as a process: a signal, or a child that is given up, leads to one stop, in order and within its time.
import { readConfig } from "#platform/config.ts";
import { giveBackMemoryWhenIdle } from "#platform/idle-memory.ts";
import { createLifecycle, whenOrphaned } from "#platform/lifecycle.ts";
import { createLog } from "#platform/log.ts";
import { exitWith, wordsFor } from "./exit.ts";
import { type LaunchOptions, launch } from "./launch.ts";

/** npm passes Ctrl-C on although the terminal has done so already; a person takes longer to press it again. */
const SAME_PRESS_MS = 400;
/** For the processes' last words and the parts behind them, once everything is drained. */
const AFTER_DRAIN_MS = 4_000;

const say = (line: string): void => console.log(line);

export async function runLauncher(given: Pick<LaunchOptions, "script" | "cores"> = {}): Promise<void> {
  const lifecycle = createLifecycle({
    log: createLog({ level: "silent", name: "launcher", instance: `${process.pid}` }),
    deadlineMs: drainMsOrExit() + AFTER_DRAIN_MS,
  });
  lifecycle.own("idle memory", giveBackMemoryWhenIdle());
  let stoppingSince: number | undefined;

  async function stop(code: number, reason: string): Promise<void> {
    stoppingSince ??= performance.now();
    const started = performance.now();
    await lifecycle.stop(reason);
    if (code === 0)
      say(`Switchyard has stopped, after ${((performance.now() - started) / 1000).toFixed(1)} s.`);
    process.exit(code);
  }

  /** However often it is told. */
  function stopInOrder(reason: string): void {
    if (stoppingSince !== undefined) return;
    say("\nStopping: what was begun is finished first. Press Ctrl-C again to end at once.");
    void stop(0, reason);
  }

  function onSignal(signal: NodeJS.Signals): void {
    if (stoppingSince !== undefined && performance.now() - stoppingSince > SAME_PRESS_MS) {
      say("Ended at once; what was begun is finished after the next start.");
      process.exit(130);
    }
    stopInOrder(signal);
  }
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, onSignal);
  // Nobody presses it: a terminal that is closed may send it twice, and ends npm with it, in the middle of our stop.
  process.on("SIGHUP", stopInOrder);
  // The terminal may be gone before us; that is no reason to stop uncleanly.
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});
  // npm that is killed can pass nothing on, and a yard that nobody holds any more should not run on.
  if (process.env.npm_lifecycle_event !== undefined)
    whenOrphaned(process.ppid, () => stopInOrder("npm is gone"));

  try {
    await launch({
      env: process.env,
      lifecycle,
      say,
      ...given,
      onGiveUp: (problem) => {
        if (stoppingSince !== undefined) return;
        console.error(wordsFor(problem));
        void stop(1, "a child was given up");
      },
    });
  } catch (error) {
    if (stoppingSince !== undefined) return;
    console.error(wordsFor(error));
    await stop(1, "could not start");
  }
}

function drainMsOrExit(): number {
  try {
    return readConfig(process.env).drainMs;
  } catch (error) {
    return exitWith(error);
  }
}
