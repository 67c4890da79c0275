// Where functions that people wrote run: threads with QuickJS in them, one for each owner, so that whatever a function does, it does to
// the others of its owner alone.
//
// 1. A run is over in its time: it is cancelled, and a thread that does not say so soon is terminated with all that runs in it.
//    One that still starts is left alone: cut off each time, it would never start on a busy machine.
// 2. Only so many runs share a thread, and only so many threads are there; others wait in line, and their time goes on.
// 3. A thread that was terminated, or can't be relied on any more, is replaced when its owner next needs one.
import { Worker } from "node:worker_threads";
import type { Log } from "#platform/log.ts";
import type { Failure, FetchRequest, FetchResult, FromThread, Job, RunResult, ToThread } from "./messages.ts";

export interface RunOptions {
  /** Whose function it is. */
  readonly owner: string;
  readonly job: Omit<Job, "mayFetch">;
  readonly timeoutMs: number;
  /** Undefined where the function may call nobody. */
  readonly fetch?: (request: FetchRequest) => Promise<FetchResult>;
  readonly signal?: AbortSignal;
}

export interface Sandbox {
  /** Never rejects. */
  run(options: RunOptions): Promise<RunResult>;
  close(): Promise<void>;
}

export interface SandboxOptions {
  readonly log: Pick<Log, "warn">;
  readonly maxThreads?: number;
  /** How long a thread may take to start. */
  readonly startMs?: number;
}

interface Run {
  readonly id: number;
  readonly options: RunOptions;
  readonly end: (result: RunResult) => void;
  thread?: Thread;
}

interface Thread {
  readonly owner: string;
  readonly worker: Worker;
  readonly runs: Map<number, Run>;
  /** Undefined once it has started. */
  startTimer: NodeJS.Timeout | undefined;
  idleTimer?: NodeJS.Timeout;
}

const MAX_THREADS = 16;
const MAX_RUNS = 8;
/** For a thread to say that a run is cancelled. */
const CANCEL_MS = 200;
const START_MS = 30_000;
const IDLE_MS = 60_000;
const HEAP_MB = 32;

export function createSandbox({
  log,
  maxThreads = MAX_THREADS,
  startMs = START_MS,
}: SandboxOptions): Sandbox {
  const threads = new Map<string, Thread>();
  const ending = new Set<Promise<unknown>>();
  let line: Run[] = [];
  let lastId = 0;

  function start(owner: string): Thread {
    const worker = new Worker(new URL("./thread.ts", import.meta.url), {
      env: {},
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MB },
    });
    const startTimer = setTimeout(() => {
      log.warn({ owner }, "sandbox thread does not start, replaced");
      retire(thread, "sandbox_failed");
    }, startMs);
    const thread: Thread = { owner, worker, runs: new Map(), startTimer: startTimer.unref() };
    worker.unref();
    worker.on("message", (message: FromThread) => {
      if (message.type === "started") return started(thread);
      const run = thread.runs.get(message.run);
      if (run === undefined) return;
      if (message.type === "fetch") return answer(thread, run, message.call, message.request);
      run.end(message.result);
      if (!message.isSound) retire(thread, "sandbox_failed"); // 3
    });
    worker.on("error", (error) => {
      log.warn({ err: error, owner }, "sandbox thread failed");
      retire(thread, "sandbox_failed");
    });
    worker.on("exit", () => retire(thread, "sandbox_failed"));
    threads.set(owner, thread);
    return thread;
  }

  function started(thread: Thread): void {
    clearTimeout(thread.startTimer);
    thread.startTimer = undefined;
    for (const run of thread.runs.values()) postJob(thread, run);
  }

  function answer(thread: Thread, { id, options }: Run, call: number, request: FetchRequest): void {
    const failed = { error: "nothing may be called" };
    const calling = options.fetch?.(request).catch((): FetchResult => ({ error: "the call failed" }));
    void Promise.resolve(calling ?? failed).then((result) => {
      if (thread.runs.has(id)) post(thread, { type: "fetched", run: id, call, result });
    });
  }

  const post = (thread: Thread, message: ToThread): void => thread.worker.postMessage(message);

  function postJob(thread: Thread, { id, options: { job, fetch } }: Run): void {
    post(thread, { type: "run", run: id, job: { ...job, mayFetch: fetch !== undefined } });
  }

  function terminate({ worker, startTimer, idleTimer }: Thread): void {
    clearTimeout(startTimer);
    clearTimeout(idleTimer);
    const terminating = worker.terminate().catch(() => undefined);
    ending.add(terminating);
    void terminating.then(() => ending.delete(terminating));
  }

  /** What still runs in it is over. */
  function retire(thread: Thread, failure: Failure): void {
    if (threads.get(thread.owner) === thread) threads.delete(thread.owner);
    terminate(thread);
    for (const run of [...thread.runs.values()])
      run.end(failedWith(failure, "the thread that it ran in had to be ended"));
    beginWaiting();
  }

  /** 2. The owner's thread, or one that another owner does not need now; undefined where there is none. */
  function threadFor(owner: string): Thread | undefined {
    const own = threads.get(owner);
    if (own !== undefined) return own.runs.size < MAX_RUNS ? own : undefined;
    if (threads.size >= maxThreads) {
      const idle = [...threads.values()].find(({ runs }) => runs.size === 0);
      if (idle === undefined) return undefined;
      threads.delete(idle.owner);
      terminate(idle);
    }
    return start(owner);
  }

  function beginWaiting(): void {
    const before = line;
    line = [];
    line = [...before.filter((run) => !begin(run)), ...line];
  }

  function begin(run: Run): boolean {
    let thread: Thread | undefined;
    try {
      thread = threadFor(run.options.owner);
    } catch (error) {
      // The machine gives no more threads: the others in line must not be lost with this one.
      log.warn({ err: error, owner: run.options.owner }, "sandbox thread not started");
      run.end(failedWith("no_turn", "no thread could be started"));
      return true;
    }
    if (thread === undefined) return false;
    clearTimeout(thread.idleTimer);
    thread.runs.set(run.id, run);
    run.thread = thread;
    if (thread.startTimer === undefined) postJob(thread, run);
    return true;
  }

  function leave(run: Run): void {
    line = line.filter((one) => one !== run);
    const { thread } = run;
    if (thread === undefined) return;
    thread.runs.delete(run.id);
    if (thread.runs.size === 0 && threads.get(thread.owner) === thread)
      thread.idleTimer = setTimeout(retire, IDLE_MS, thread, "sandbox_failed").unref();
    beginWaiting();
  }

  /** 1 */
  function cancel(run: Run, failure: Failure): void {
    const { thread } = run;
    if (thread === undefined || thread.startTimer !== undefined) {
      run.end(failedWith(failure === "timeout" ? "no_turn" : failure, "it had no turn in its time"));
      return;
    }
    post(thread, { type: "cancel", run: run.id, failure });
    setTimeout(() => {
      if (!thread.runs.has(run.id)) return;
      log.warn({ owner: thread.owner }, "sandbox thread hangs, replaced");
      run.end(failedWith(failure, "was not done in time"));
      retire(thread, "sandbox_failed");
    }, CANCEL_MS);
  }

  return {
    run(options) {
      const { promise, resolve } = Promise.withResolvers<RunResult>();
      const { signal, timeoutMs } = options;
      lastId += 1;
      const onAbort = (): void => cancel(run, "aborted");
      const timer = setTimeout(() => cancel(run, "timeout"), timeoutMs);
      const run: Run = {
        id: lastId,
        options,
        end(result) {
          clearTimeout(timer);
          signal?.removeEventListener("abort", onAbort);
          resolve(result);
          leave(run);
        },
      };
      signal?.addEventListener("abort", onAbort);
      if (signal?.aborted) run.end(failedWith("aborted", "it was not begun"));
      else if (!begin(run)) line.push(run);
      return promise;
    },
    async close() {
      for (const run of line) run.end(failedWith("aborted", "the sandbox is closed"));
      for (const thread of [...threads.values()]) retire(thread, "aborted");
      await Promise.all(ending);
    },
  };
}

const failedWith = (failure: Failure, message: string): RunResult => ({
  ok: false,
  failure,
  message,
  logs: [],
});
