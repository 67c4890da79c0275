// Keys at hand for a short while: bounded in number, and in time, so that a destroyed key can't outlive its destruction for long.
import { LRUCache } from "lru-cache";

export interface KeyCacheOptions {
  readonly max: number;
  readonly lifeMs: number;
  /** Milliseconds that never go back. */
  readonly now?: () => number;
}

export function createKeyCache<Key extends object>({
  max,
  lifeMs,
  now,
}: KeyCacheOptions): LRUCache<string, Key> {
  return new LRUCache<string, Key>({ max, ttl: lifeMs, ...(now && { perf: { now }, ttlResolution: 0 }) });
}
