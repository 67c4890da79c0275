// Waiting before another try: longer each time, never in step with the others, and cut short when told to stop.
import { setTimeout as sleep } from "node:timers/promises";

export interface Backoff {
  readonly baseMs: number;
  readonly maxMs: number;
}

/** Exponential with full jitter, but never less than half the step, so that a failing loop can't spin. */
export function backoffMs(attempt: number, { baseMs, maxMs }: Backoff): number {
  const step = Math.min(maxMs, baseMs * 2 ** Math.min(attempt, 20));
  return step / 2 + (Math.random() * step) / 2;
}

/** Resolves after the time, or as soon as the signal is given. */
export async function pause(ms: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted) return;
  await sleep(ms, undefined, signal ? { signal } : {}).catch(() => undefined);
}

export interface RetryOptions {
  readonly backoff: Backoff;
  /** Ends the tries, and the pause between two of them. */
  readonly signal: AbortSignal;
  /** Told of each failure; throws where another try would end the same way. */
  readonly onFailure: (error: unknown, failures: number) => void;
}

/** Repeats the work until it succeeds; undefined when it was told to stop before that. */
export async function retryUntil<T>(
  work: () => Promise<T>,
  { backoff, signal, onFailure }: RetryOptions,
): Promise<T | undefined> {
  for (let failures = 0; !signal.aborted; failures += 1) {
    try {
      return await work();
    } catch (error) {
      if (signal.aborted) return undefined;
      onFailure(error, failures);
    }
    await pause(backoffMs(failures, backoff), signal);
  }
  return undefined;
}
