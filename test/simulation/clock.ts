// Simulated time. Everything that production code waits for or reads the time from is put in place of the real thing, so that a minute
// takes no time and the same seed gives the same order.
//
// 1. One event runs at a time, and all that it set going by promises has run before the next one does.
// 2. Events of the same moment run in the order in which they were scheduled.
// 3. What a process scheduled runs on its behalf: never once it is dead, and later while it is frozen.
import { AsyncLocalStorage } from "node:async_hooks";
import { createRequire, syncBuiltinESMExports } from "node:module";

export interface Process {
  readonly name: string;
  alive: boolean;
  frozenUntil: number;
}

interface Scheduled {
  at: number;
  readonly order: number;
  readonly run: () => void;
  readonly process: Process | undefined;
  cancelled: boolean;
}

const realImmediate = setImmediate;
const RealDate = Date;
const EPOCH = RealDate.parse("2026-01-05T09:00:00Z");
const running = new AsyncLocalStorage<Process | undefined>();

let now = 0;
let order = 0;
let heap: Scheduled[] = [];
let random: () => number = Math.random;
/** Of sleeps that can be broken off: a signal that somebody listens to is never collected, nor what its listener knows. */
const listening = new Set<() => void>();

export const elapsed = (): number => now;
export const currentProcess = (): Process | undefined => running.getStore();
export const inProcess = <T>(process: Process, work: () => T): T => running.run(process, work);

/** For a new simulation. Whatever the one before left to do is never done. */
export function resetClock(next: () => number): void {
  [now, order, heap, random] = [0, 0, [], next];
  for (const stop of listening) stop();
}

export function schedule(delayMs: number, run: () => void, process: Process | undefined): Scheduled {
  const at = now + Math.max(0, Number.isFinite(delayMs) ? delayMs : 0);
  const scheduled = { at, order: order++, run, process, cancelled: false };
  push(scheduled);
  return scheduled;
}

/** Until there is nothing to do, it is told to stop, or that time is reached. */
export async function runUntil(isDone: () => boolean, endMs: number): Promise<void> {
  for (let next = pop(); next !== undefined; next = pop()) {
    const { process } = next;
    if (next.cancelled || process?.alive === false) continue; // 3
    if (next.at > endMs) return push(next);
    now = Math.max(now, next.at);
    if (process !== undefined && process.frozenUntil > now) {
      next.at = process.frozenUntil;
      push(next);
      continue;
    }
    running.run(process, next.run);
    await new Promise<void>((resolve) => realImmediate(resolve)); // 1
    if (isDone()) return;
  }
}

function cancel(scheduled: Scheduled): void {
  scheduled.cancelled = true;
}

function isBefore(one: Scheduled, other: Scheduled): boolean {
  return one.at < other.at || (one.at === other.at && one.order < other.order); // 2
}

function push(scheduled: Scheduled): void {
  let at = heap.push(scheduled) - 1;
  while (at > 0) {
    const parent = (at - 1) >> 1;
    const above = heap[parent] as Scheduled;
    if (!isBefore(scheduled, above)) break;
    heap[at] = above;
    at = parent;
  }
  heap[at] = scheduled;
}

function pop(): Scheduled | undefined {
  const first = heap[0];
  const last = heap.pop();
  if (first === undefined || last === undefined || heap.length === 0) return first;
  let at = 0;
  for (;;) {
    let child = 2 * at + 1;
    const [left, right] = [heap[child], heap[child + 1]];
    if (left === undefined) break;
    if (right !== undefined && isBefore(right, left)) child += 1;
    const smaller = heap[child] as Scheduled;
    if (!isBefore(smaller, last)) break;
    heap[at] = smaller;
    at = child;
  }
  heap[at] = last;
  return first;
}

class SimulatedDate extends RealDate {
  constructor(...given: []) {
    if (given.length > 0) super(...given);
    else super(SimulatedDate.now());
  }

  static override now(): number {
    return EPOCH + Math.floor(now);
  }
}

class Timer {
  readonly scheduled: Scheduled[] = [];
  ref = (): this => this;
  unref = (): this => this;
  hasRef = (): boolean => true;
}

type Callback = (...given: unknown[]) => void;

function timeout(callback: Callback, ms = 0, ...given: unknown[]): Timer {
  const timer = new Timer();
  timer.scheduled.push(schedule(Math.max(1, ms), () => callback(...given), currentProcess()));
  return timer;
}

function interval(callback: Callback, ms = 0, ...given: unknown[]): Timer {
  const timer = new Timer();
  const process = currentProcess();
  const again = (): void => {
    timer.scheduled[0] = schedule(Math.max(1, ms), round, process);
  };
  const round = (): void => {
    again();
    callback(...given);
  };
  again();
  return timer;
}

const clear = (timer: Timer | undefined): void => {
  for (const one of timer?.scheduled ?? []) cancel(one);
};

async function sleep<T>(
  ms: number,
  value?: T,
  { signal }: { signal?: AbortSignal } = {},
): Promise<T | undefined> {
  signal?.throwIfAborted();
  return new Promise((resolve, reject) => {
    const stopListening = (): void => {
      listening.delete(stopListening);
      signal?.removeEventListener("abort", onAbort);
    };
    const onAbort = (): void => {
      stopListening();
      clear(timer);
      reject(signal?.reason);
    };
    const timer = timeout(() => {
      stopListening();
      resolve(value);
    }, ms);
    if (signal === undefined) return;
    listening.add(stopListening);
    signal.addEventListener("abort", onAbort, { once: true });
  });
}

/** As random as the seed. */
function uuid(): string {
  const hex = (digits: number): string =>
    Math.floor(random() * 16 ** digits)
      .toString(16)
      .padStart(digits, "0");
  return `${hex(8)}-${hex(4)}-4${hex(3)}-a${hex(3)}-${hex(12)}`;
}

/** Once, and before any production code is loaded that keeps the real ones. */
export function simulateTime(): void {
  Object.assign(globalThis, {
    Date: SimulatedDate,
    setTimeout: timeout,
    setInterval: interval,
    setImmediate: (callback: Callback, ...given: unknown[]) => {
      const timer = new Timer();
      timer.scheduled.push(schedule(0, () => callback(...given), currentProcess()));
      return timer;
    },
    clearTimeout: clear,
    clearInterval: clear,
    clearImmediate: clear,
  });
  performance.now = () => now;
  Math.random = () => random();
  const require = createRequire(import.meta.url);
  Object.assign(require("node:timers/promises"), { setTimeout: sleep });
  Object.assign(require("node:crypto"), { randomUUID: uuid });
  syncBuiltinESMExports();
}
