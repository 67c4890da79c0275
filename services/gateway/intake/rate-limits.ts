// A source's own limit: a bucket of one second's worth, filled continuously.
import type { KnownSource } from "./sources.ts";

interface Bucket {
  tokens: number;
  filledAt: number;
}

export interface RateLimits {
  /** How many seconds to wait; undefined when it may go on. `now` in milliseconds. */
  take(source: KnownSource, now: number): number | undefined;
}

export function createRateLimits(): RateLimits {
  const buckets = new Map<string, Bucket>();
  return {
    take({ id, settings }, now) {
      const perSecond = settings.rate_limit?.per_second;
      if (perSecond === undefined) {
        buckets.delete(id);
        return undefined;
      }
      const size = Math.max(1, perSecond);
      const bucket = buckets.get(id) ?? { tokens: size, filledAt: now };
      buckets.set(id, bucket);
      const elapsed = Math.max(0, now - bucket.filledAt) / 1000;
      bucket.tokens = Math.min(size, bucket.tokens + elapsed * perSecond);
      bucket.filledAt = now;
      if (bucket.tokens < 1) return Math.ceil((1 - bucket.tokens) / perSecond);
      bucket.tokens -= 1;
      return undefined;
    },
  };
}
