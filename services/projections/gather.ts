// Lets events gather under load, so that many share a transaction; alone in an idle system nothing waits.
import type { Following } from "#platform/event-store/follow.ts";
import { pause } from "#platform/retry.ts";
import { tokenBucket } from "#platform/token-bucket.ts";

/** As many as one transaction takes. */
export const MAX_BATCH_EVENTS = 2_000;
export const GATHER_MS = 100;
/** So many a second are written as they come. */
const AT_ONCE_PER_SECOND = 50;
const LOOK_EVERY_MS = 10;

export interface Written {
  readonly following: Pick<Following, "waiting">;
  /** How many were written. The follower counts them as waiting until it is told otherwise. */
  readonly events: number;
  /** When writing them began. */
  readonly startedAt: number;
}

export interface Clock {
  readonly now: () => number;
  readonly pause: (ms: number, signal: AbortSignal) => Promise<void>;
}

/** To be called after each batch: resolves when the next one is large enough, or has waited long enough. */
export function createGather(
  signal: AbortSignal,
  clock: Clock = { now: () => performance.now(), pause },
): (written: Written) => Promise<void> {
  const atOnce = tokenBucket(AT_ONCE_PER_SECOND, clock.now);
  return async ({ following, events, startedAt }) => {
    if (atOnce.take(events) === events) return;
    const isEnough = (): boolean =>
      following.waiting - events >= MAX_BATCH_EVENTS || clock.now() - startedAt >= GATHER_MS;
    while (!isEnough() && !signal.aborted) await clock.pause(LOOK_EVERY_MS, signal);
  };
}
