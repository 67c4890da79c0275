// Who opens a resource hands over its end here; the process closes everything in reverse order, once, under a deadline.
import type { Log } from "./log.ts";

export interface Lifecycle {
  /** Registers how to close what was just opened. */
  own(name: string, close: () => Promise<void> | void): void;
  /** Closes everything in reverse order of opening; later calls wait for the first. */
  stop(reason: string): Promise<void>;
  /** Aborted as soon as stopping begins. */
  readonly stopping: AbortSignal;
}

export function createLifecycle(_options: { readonly log: Log; readonly deadlineMs: number }): Lifecycle {
  throw new Error("not yet");
}

export interface ProcessOptions {
  readonly log: Log;
  readonly deadlineMs: number;
}

/** Runs `build` as the whole of this process: signals, stray errors and a dead parent all end in one clean stop. */
export function runProcess(
  _name: string,
  _build: (lifecycle: Lifecycle) => Promise<void>,
  _options?: Partial<ProcessOptions>,
): Promise<void> {
  throw new Error("not yet");
}
