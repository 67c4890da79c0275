// One process that is kept running: launched, launched again when it dies, stopped.
// 1. At most one process runs at a time: the next is launched after the last has exited.
// 2. Nothing is launched after stop() was called: every wait ends with `stopping`, and asks it.
// 3. A process that does not stay up, or does not get ready in time, is given up within what the yard promises.
import type { ChildProcess } from "node:child_process";
import { every } from "#platform/every.ts";
import { backoffMs, pause } from "#platform/retry.ts";
import { Problem } from "../problem.ts";
import type { StopSignal } from "./launch-record.ts";
import type { LogFile } from "./log-file.ts";
import { type Followed, followLog } from "./log-follower.ts";

/** From a death to working again. */
const BACK_WITHIN_MS = 18_000;
const BACKOFF = { baseMs: 100, maxMs: 2_000 };
/** A process that ran this long has got over what ended it before. */
const STEADY_MS = 3_000;
const MAX_QUICK_DEATHS = 6;
const READ_LOG_MS = 20;
const FOLLOW_LOG_MS = 250;

export interface Command extends Followed {
  readonly command: string;
  readonly args: readonly string[];
  /** All that it sees: nothing of the launcher's own environment is added. */
  readonly env: Readonly<Record<string, string>>;
  readonly user?: { readonly uid: number; readonly gid: number };
  /** How far it stands back where processors are short, as `nice` says it. */
  readonly niceness?: number;
  readonly readyWithinMs: number;
  readonly stopSignal: StopSignal;
  readonly stopWithinMs: number;
  /** Before every launch, the first included. */
  readonly before?: () => Promise<void>;
  /** It died, and is launched again soon. Must not throw. */
  readonly onDied?: (death: Death) => void;
  /** What it sees besides when it is launched again. */
  readonly envAfter?: (death: Death) => Readonly<Record<string, string>>;
  /** After it died and serves again. Must not throw. */
  readonly onRestarted?: () => Promise<void>;
}

export interface Death {
  /** What it ended with and the last error of its log, in words. */
  readonly reason: string;
  /** How often it was launched again before. */
  readonly restarts: number;
}

export interface Running {
  readonly pid: number;
  readonly process: ChildProcess;
  /** What it ended with, in words. */
  readonly exited: Promise<string>;
}

export interface Child {
  readonly name: string;
  /** What `ready` matched; rejects with a Problem when the first launch fails. */
  readonly ready: Promise<RegExpExecArray>;
  stop(): Promise<void>;
}

export interface Supervision {
  readonly log: LogFile;
  readonly launch: (command: Command) => Running;
  readonly say: (line: string) => void;
  /** It can't be kept up. */
  readonly onGiveUp: (problem: Problem) => void;
}

/** `reason` goes on from the child's name. */
class NotReady extends Problem {
  override name = "NotReady";
  readonly reason: string;

  constructor(reason: string, message: string) {
    super(message);
    this.reason = reason;
  }
}

export function supervise(command: Command, { log, launch, say, onGiveUp }: Supervision): Child {
  const { name } = command;
  const follower = followLog(command, log, say);
  const stopping = new AbortController();
  let running: Running | undefined;
  let restarts = 0;

  async function launchUntilReady(withinMs: number, after?: Death): Promise<RegExpExecArray> {
    await command.before?.();
    follower.restart();
    if (stopping.signal.aborted) throw new NotReady("was stopped", `${name} was stopped.`); // (2)
    const more = after === undefined ? {} : command.envAfter?.(after);
    const launched = launch({ ...command, env: { ...command.env, ...more } }); // (1)
    running = launched;
    let ended: string | undefined;
    void launched.exited.then((how) => {
      ended = how;
    });
    for (const end = performance.now() + withinMs; ; await pause(READ_LOG_MS)) {
      // Before the log is read, so that its last lines are seen.
      const how = ended;
      const match = follower.read();
      if (match !== undefined) return match;
      const itsLog = (): string => `Its log, ${log.path}, ends with:\n${follower.lastLines()}`;
      if (how !== undefined)
        throw new NotReady(`ended with ${how}`, `${name} ended with ${how} before it was ready. ${itsLog()}`);
      if (stopping.signal.aborted || performance.now() > end) {
        killGroup(launched);
        await launched.exited;
        const late = `was not ready within ${seconds(withinMs)}`;
        throw new NotReady(late, `${name} ${late}. ${itsLog()}`);
      }
    }
  }

  const because = (): string => {
    const error = follower.lastError();
    return error === undefined ? "" : `: ${error}`;
  };

  async function launchAgain(how: string, quickDeaths: number): Promise<void> {
    const died = performance.now();
    let reason = `ended with ${how}`;
    for (let attempt = quickDeaths; ; attempt += 1) {
      const waitMs = backoffMs(attempt, BACKOFF);
      const death = { reason: `${reason}${because()}`, restarts };
      say(`${name} ${reason}, starts again in ${seconds(waitMs)}${because()}`);
      command.onDied?.(death);
      await pause(waitMs, stopping.signal);
      if (stopping.signal.aborted) return; // (2)
      restarts += 1;
      try {
        await launchUntilReady(BACK_WITHIN_MS - (performance.now() - died), death);
        break;
      } catch (error) {
        if (stopping.signal.aborted) return; // (2)
        const isLate = performance.now() - died > BACK_WITHIN_MS;
        if (!(error instanceof NotReady) || isLate) throw error; // (3)
        reason = error.reason;
      }
    }
    say(`${name} is back after ${seconds(performance.now() - died)}`);
    // Not awaited: it may die again meanwhile.
    void command.onRestarted?.();
  }

  async function keepRunning(): Promise<void> {
    for (let quickDeaths = 0; running !== undefined; ) {
      const since = performance.now();
      const how = await running.exited;
      if (stopping.signal.aborted) return; // (2)
      follower.read();
      quickDeaths = performance.now() - since < STEADY_MS ? quickDeaths + 1 : 0;
      if (quickDeaths > MAX_QUICK_DEATHS)
        throw new Problem(
          `${name} ended ${quickDeaths} times in a row as soon as it was started, the last time with ${how}${because()}\n` +
            `Its log: ${log.path}`,
        ); // (3)
      await launchAgain(how, quickDeaths);
    }
  }

  const ready = launchUntilReady(command.readyWithinMs);
  const stopFollowing = every({ ms: FOLLOW_LOG_MS, work: () => void follower.read() });
  // A first launch that fails is told to whoever awaits `ready`.
  const ended = ready
    .then(keepRunning, () => {})
    .catch((error: unknown) => {
      if (stopping.signal.aborted) return;
      onGiveUp(error instanceof Problem ? error : new Problem(String(error)));
    });

  return {
    name,
    ready,
    async stop() {
      stopping.abort();
      await ready.catch(() => {});
      if (running !== undefined) await endWithin(running, command, say);
      await ended;
      stopFollowing();
      log.close();
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
  const late = new AbortController();
  const isLate = pause(stopWithinMs, late.signal).then(() => "late");
  const how = await Promise.race([running.exited, isLate]);
  late.abort();
  if (how !== "late") return;
  say(`${name} did not end within ${seconds(stopWithinMs)} and is killed`);
  killGroup(running);
  await running.exited;
}

export function killGroup({ pid }: Running): void {
  try {
    if (pid > 0) process.kill(-pid, "SIGKILL");
  } catch {
    // It is gone already.
  }
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;
