// One run of one function in QuickJS: a runtime of its own with nothing in it but the language, `console` and perhaps `fetch`.
//
// 1. Whatever enters QuickJS goes through `enter`, which counts the thread's time; the interrupt handler ends what takes too much.
// 2. What the run needs of the language is taken before the code is evaluated, so that no code can put something else there.
// 3. Every handle belongs to the run's scope; an exception of the host inside QuickJS leaves it unsound, and the thread is replaced.
import {
  type QuickJSDeferredPromise,
  type QuickJSHandle,
  type QuickJSWASMModule,
  Scope,
} from "quickjs-emscripten-core";
import { compiled, Ended, endedBy, MAX_MESSAGE } from "./compiled.ts";
import type { Failure, FetchRequest, FetchResult, Job, RunResult } from "./messages.ts";
import { PRELUDE } from "./prelude.ts";

export interface Evaluation {
  fetched(call: number, result: FetchResult): void;
  cancel(failure: Failure): void;
}

export interface EvaluationParts {
  readonly quickjs: QuickJSWASMModule;
  readonly job: Job;
  readonly fetch: (call: number, request: FetchRequest) => void;
  /** Once. `isSound`: whether QuickJS can be used for other runs. */
  readonly onEnd: (result: RunResult, isSound: boolean) => void;
}

const MAX_STACK_BYTES = 256 * 1024;
const MAX_LOG_LINES = 100;
const MAX_LOG_LENGTH = 10_000;
const MAX_CALLS = 10;
/** So many at once, so that the limits are looked at in between. */
const MAX_JOBS = 1_000;

export function evaluate({ quickjs, job, fetch, onEnd }: EvaluationParts): Evaluation {
  const { limits } = job;
  const logs: string[] = [];
  const calls = new Map<number, QuickJSDeferredPromise>();
  let callsMade = 0;
  let logLength = 0;
  let usedMs = 0;
  let enteredAt = 0;
  let isOver = false;
  let isSound = true;
  let promise: QuickJSHandle | undefined;
  let shown: QuickJSHandle | undefined;

  const scope = new Scope();
  const runtime = scope.manage(quickjs.newRuntime());
  runtime.setMemoryLimit(limits.memoryBytes);
  runtime.setMaxStackSize(MAX_STACK_BYTES);
  runtime.setInterruptHandler(isSpent);
  const context = scope.manage(runtime.newContext());

  const spentMs = (): number => usedMs + threadMs() - enteredAt;
  function isSpent(): boolean {
    return spentMs() > limits.cpuMs;
  }

  /** 1 */
  function enter(work: () => void): void {
    if (isOver) return;
    enteredAt = threadMs();
    try {
      work();
      usedMs = spentMs();
    } catch (error) {
      usedMs = spentMs();
      end(failureOf(error));
    }
  }

  function failureOf(error: unknown): RunResult {
    if (error instanceof Ended) return fail(error.failure, error.message, error.line);
    isSound = false; // 3
    const message = error instanceof Error ? error.message : "unknown";
    return fail(/call stack/.test(message) ? "stack_limit" : "sandbox_failed", message);
  }

  const fail = (failure: Failure, message: string, line?: number): RunResult => ({
    ok: false,
    failure,
    message: message.slice(0, MAX_MESSAGE),
    logs,
    ...(line !== undefined && { line }),
  });

  function end(result: RunResult): void {
    if (isOver) return;
    isOver = true;
    if (isSound) isSound = disposed();
    onEnd(result, isSound);
  }

  /** QuickJS ends itself where something is left over; then nothing else may run in it. */
  function disposed(): boolean {
    try {
      for (const deferred of calls.values()) deferred.dispose();
      scope.dispose();
      return true;
    } catch {
      return false;
    }
  }

  function define(name: string, take: (text: string) => QuickJSHandle | undefined): void {
    const made = context.newFunction(name, (given) =>
      take(given === undefined ? "" : context.getString(given)),
    );
    context.setProp(context.global, name, made);
    made.dispose();
  }

  function log(text: string): undefined {
    if (logs.length >= MAX_LOG_LINES || logLength >= MAX_LOG_LENGTH) return;
    const line = text.slice(0, MAX_LOG_LENGTH - logLength);
    logLength += line.length;
    logs.push(line);
  }

  function send(json: string): QuickJSHandle {
    const deferred = context.newPromise();
    const call = callsMade++;
    calls.set(call, deferred);
    const { headers, ...request } = JSON.parse(json) as FetchRequest & { headers: [string, string][] };
    if (call < MAX_CALLS) fetch(call, { ...request, headers: Object.fromEntries(headers) });
    // Later, since what is settled now is read at once.
    else queueMicrotask(() => fetched(call, { error: `a function may call ${MAX_CALLS} times` }));
    return deferred.handle;
  }

  function fetched(call: number, result: FetchResult): void {
    enter(() => {
      const deferred = calls.get(call);
      calls.delete(call);
      if (deferred === undefined) return;
      const text = context.newString(JSON.stringify(result));
      deferred.resolve(text);
      text.dispose();
      deferred.dispose();
      goOn();
    });
  }

  /** As far as it goes without an answer from outside. */
  function goOn(): void {
    while (runtime.hasPendingJob()) {
      const done = runtime.executePendingJobs(MAX_JOBS);
      if (done.error !== undefined) throw endedBy(context, scope.manage(done.error), isSpent());
      if (isSpent()) throw new Ended("cpu_limit", `takes more than ${limits.cpuMs} ms`);
    }
    if (promise === undefined || shown === undefined) return;
    const state = context.getPromiseState(promise);
    switch (state.type) {
      case "pending":
        if (calls.size === 0) throw new Ended("never_settles", "the promise that it gave is never settled");
        return;
      case "rejected":
        throw endedBy(context, scope.manage(state.error), isSpent());
      case "fulfilled": {
        const json = textOf(call(shown, [scope.manage(state.value)]));
        if (json.length > limits.maxOutput)
          throw new Ended("output_limit", `gives more than ${limits.maxOutput} characters`);
        end({ ok: true, json, logs });
      }
    }
  }

  const textOf = (handle: QuickJSHandle): string => context.getString(handle);

  function call(fn: QuickJSHandle, given: QuickJSHandle[]): QuickJSHandle {
    const result = context.callFunction(fn, context.undefined, ...given);
    if (result.error !== undefined) throw endedBy(context, scope.manage(result.error), isSpent());
    return scope.manage(result.value);
  }

  function property(of: QuickJSHandle, name: string): QuickJSHandle {
    return scope.manage(context.getProp(of, name));
  }

  enter(() => {
    define("$log", log);
    if (job.mayFetch) define("$fetch", send);
    const prelude = scope.manage(context.unwrapResult(context.evalCode(PRELUDE, "prelude.js")));
    shown = property(prelude, "shown");
    const code = compiled(context, scope, job.code, isSpent);
    if (job.argument === undefined) return end({ ok: true, json: "null", logs });
    const argument = scope.manage(context.newString(job.argument));
    promise = call(property(prelude, job.mayWait ? "call" : "callAtOnce"), [code, argument]);
    goOn();
  });

  return { fetched, cancel: (failure) => end(fail(failure, "was ended from outside")) };
}

const threadMs = (): number => {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
};
