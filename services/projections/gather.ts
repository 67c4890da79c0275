// Lets events gather under load, so that many share a transaction; alone in an idle system nothing waits.
import type { Following } from "#platform/event-store/follow.ts";
import { pause } from "#platform/retry.ts";
import { tokenBucket } from "#platform/token-bucket.ts";

/** As many as one transaction takes. */
export const MAX_BATCH_EVENTS = 2_000;
const GATHER_MS = 100;
/** So many a second are written as they come. */
const AT_ONCE_PER_SECOND = 50;
const LOOK_EVERY_MS = 10;

/**
 * Called after each batch of this follower, whose work began at `startedAt`: resolves when the next batch is large enough, or has
 * waited long enough.
 */
export function createGather(signal: AbortSignal): (batch: Gathered) => Promise<void> {
  const atOnce = tokenBucket(AT_ONCE_PER_SECOND);
  return async ({ following, events, startedAt }) => {
    if (atOnce.take(events) === events) return;
    const isEnough = (): boolean =>
      // The follower counts the batch that was written as well, as long as it is not told that it was.
      following.waiting - events >= MAX_BATCH_EVENTS || performance.now() - startedAt >= GATHER_MS;
    while (!isEnough() && !signal.aborted) await pause(LOOK_EVERY_MS, signal);
  };
}

export interface Gathered {
  readonly following: Pick<Following, "waiting">;
  /** How many were written. */
  readonly events: number;
  /** When writing them began. */
  readonly startedAt: number;
}
