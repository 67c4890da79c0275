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
