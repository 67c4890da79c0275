// The processes that the launcher starts: each is watched, started again when it dies, and never outlives the launcher.
import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { Problem } from "../problem.ts";
import { openLaunchBook, type StopSignal } from "./leftovers.ts";
import { type LogFile, openLogFile } from "./log-file.ts";

/** From a death to working again; past it the launcher gives up, which is within what the yard promises. */
const BACK_WITHIN_MS = 18_000;
const STEADY_MS = 3_000;
const MOST_QUICK_DEATHS = 6;
const READ_LOG_MS = 20;
const FOLLOW_LOG_MS = 250;
const MOST_REMARKS = 3;
const LAST_LINES = 25;

export interface Command {
  /** As people call it; its log is named after it. */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  readonly user?: { readonly uid: number; readonly gid: number };
  /** Found in one line of its output as soon as it serves. */
  readonly ready: RegExp;
  readonly readyWithinMs: number;
  readonly stopSignal: StopSignal;
  readonly stopWithinMs: number;
  /** Before every start, the first included. */
  readonly before?: () => Promise<void>;
  /** After it died and serves again. */
  readonly onRestarted?: () => Promise<void>;
  /** A line for the person at the terminal, made from a line of the log. */
  readonly remark?: (line: string) => string | undefined;
}

interface Child {
  readonly name: string;
  /** What `ready` matched; rejects with a Problem when it can't be started. */
  readonly ready: Promise<RegExpExecArray>;
  stop(): Promise<void>;
}

export interface Children {
  start(command: Command): Child;
  /** Once all are stopped. */
  close(): void;
}

export interface ChildrenOptions {
  readonly dataDir: string;
  /** Whether this launcher owns the data folder. */
  readonly owner: boolean;
  readonly say: (line: string) => void;
  /** A child can't be kept up; everything should end. */
  readonly onHopeless: (problem: Problem) => void;
}

interface Running {
  readonly pid: number;
  readonly process: ChildProcess;
  /** How it ended, in words. */
  readonly exited: Promise<string>;
}

export function createChildren({ dataDir, owner, say, onHopeless }: ChildrenOptions): Children {
  const book = openLaunchBook(dataDir, owner);
  const watchdog = startWatchdog(dataDir);
  const alive = new Set<Running>();

  function launch({ name, command, args, env, user, stopSignal }: Command, log: LogFile): Running {
    const process = spawn(command, args, {
      // Its own process group: Ctrl-C reaches the launcher alone, which then stops everything in order.
      detached: true,
      cwd: user === undefined ? undefined : "/",
      env: { ...globalThis.process.env, ...env },
      stdio: ["pipe", log.descriptor, log.descriptor],
      ...user,
    });
    const exited = new Promise<string>((resolve) => {
      process.once("exit", (code, signal) => resolve(signal === null ? `code ${code}` : signal));
      process.once("error", (error) => resolve(error.message));
    });
    const running = { pid: process.pid ?? 0, process, exited };
    alive.add(running);
    if (running.pid > 0) book.note(name, running.pid, stopSignal);
    void exited.then(() => {
      alive.delete(running);
      book.strike(running.pid);
    });
    return running;
  }

  async function launchUntilReady(
    command: Command,
    log: LogFile,
    deadlineMs: number,
    ending: AbortSignal,
  ): Promise<readonly [Running, RegExpExecArray]> {
    await command.before?.();
    log.newLines();
    const running = launch(command, log);
    let ended: string | undefined;
    void running.exited.then((how) => {
      ended = how;
    });
    const said: string[] = [];
    for (const end = performance.now() + deadlineMs; ; await pause(READ_LOG_MS)) {
      for (const line of log.newLines()) {
        said.push(line);
        const match = command.ready.exec(line);
        if (match !== null) return [running, match];
      }
      const last = lastWords(said, command);
      if (ended !== undefined)
        throw new Problem(
          `${command.name} ended (${ended}) before it was ready. Its log, ${log.path}, ends with:\n${last}`,
        );
      if (ending.aborted || performance.now() > end) {
        killGroup(running);
        await running.exited;
        throw new Problem(
          `${command.name} was not ready within ${seconds(deadlineMs)}. Its log, ${log.path}, ends with:\n${last}`,
        );
      }
    }
  }

  function start(command: Command): Child {
    const { name } = command;
    const log = openLogFile(join(dataDir, "logs", `${name.replaceAll(" ", "-").toLowerCase()}.log`));
    const ending = new AbortController();
    let running: Running | undefined;
    // Until it serves, its log is read for the line that says so, and must not be read by another.
    let serving = false;

    async function launched(withinMs: number): Promise<RegExpExecArray> {
      const [one, match] = await launchUntilReady(command, log, withinMs, ending.signal);
      running = one;
      serving = true;
      return match;
    }

    async function bringBack(quickDeaths: number): Promise<void> {
      const died = performance.now();
      for (let attempt = quickDeaths; !ending.signal.aborted; attempt += 1) {
        await pause(Math.min(2_000, 50 * 2 ** attempt), undefined, { signal: ending.signal }).catch(() => {});
        if (ending.signal.aborted) return;
        try {
          await launched(BACK_WITHIN_MS - (performance.now() - died));
          await command.onRestarted?.();
          return say(`${name} is back after ${seconds(performance.now() - died)}`);
        } catch (error) {
          if (performance.now() - died > BACK_WITHIN_MS) throw error;
        }
      }
    }

    async function keepUp(): Promise<void> {
      for (let quickDeaths = 0; running !== undefined; ) {
        const since = performance.now();
        const how = await running.exited;
        serving = false;
        if (ending.signal.aborted) return;
        passOn(command, log, say);
        quickDeaths = performance.now() - since < STEADY_MS ? quickDeaths + 1 : 0;
        if (quickDeaths > MOST_QUICK_DEATHS)
          throw new Problem(
            `${name} ended ${quickDeaths} times in a row as soon as it was started (${how}). Its log: ${log.path}`,
          );
        say(`${name} ended (${how}) and is started again`);
        await bringBack(quickDeaths);
      }
    }

    const ready = launched(command.readyWithinMs);
    ready.then(keepUp).catch((error: unknown) => {
      // A first start that fails is told to whoever awaits `ready`.
      if (running === undefined || ending.signal.aborted) return;
      onHopeless(error instanceof Problem ? error : new Problem(String(error)));
    });
    const following = setInterval(() => {
      if (serving) passOn(command, log, say);
    }, FOLLOW_LOG_MS).unref();

    return {
      name,
      ready,
      async stop() {
        ending.abort();
        await ready.catch(() => {});
        if (running !== undefined) await endWithin(running, command, say);
        clearInterval(following);
        log.close();
      },
    };
  }

  process.once("exit", () => {
    for (const running of alive) killGroup(running);
  });
  return {
    start,
    close() {
      book.close();
      watchdog.stdin?.end();
    },
  };
}

async function endWithin(
  running: Running,
  { name, stopSignal, stopWithinMs }: Command,
  say: (line: string) => void,
): Promise<void> {
  const { exitCode, signalCode } = running.process;
  if (exitCode !== null || signalCode !== null) return;
  running.process.kill(stopSignal);
  const late = pause(stopWithinMs, "late", { ref: false });
  if ((await Promise.race([running.exited, late])) !== "late") return;
  say(`${name} did not end within ${seconds(stopWithinMs)} and is killed`);
  killGroup(running);
  await running.exited;
}

function startWatchdog(dataDir: string): ChildProcess {
  const script = fileURLToPath(import.meta.resolve("./watchdog.ts"));
  const watchdog = spawn(process.execPath, [script, dataDir, `${process.pid}`], {
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
  });
  watchdog.unref();
  return watchdog;
}

/** For a person: structured lines are put into words, and left out where there are none. */
function lastWords(said: readonly string[], { remark }: Command): string {
  const words = said.flatMap((line) => (line.startsWith("{") ? (remark?.(line) ?? []) : line));
  return words.slice(-LAST_LINES).join("\n");
}

/** A flood in the log is a trickle on the terminal. */
function passOn({ name, remark }: Command, log: LogFile, say: (line: string) => void): void {
  const remarks = log.newLines().flatMap((line) => remark?.(line) ?? []);
  for (const one of remarks.slice(0, MOST_REMARKS)) say(`${name}: ${one}`);
  if (remarks.length > MOST_REMARKS)
    say(`${name}: ${remarks.length - MOST_REMARKS} more lines like these are in ${log.path}`);
}

function killGroup(running: Running): void {
  try {
    if (running.pid > 0) process.kill(-running.pid, "SIGKILL");
  } catch {
    // It is gone already.
  }
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;
