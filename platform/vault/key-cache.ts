// Keys at hand for a short while: bounded in number, and in time, so that a destroyed key can't outlive its destruction for long.

export interface KeyCache<Key> {
  get(keyId: string): Key | undefined;
  set(keyId: string, key: Key): void;
  drop(keyId: string): void;
  clear(): void;
}

interface Cached<Key> {
  readonly key: Key;
  readonly until: number;
}

export interface KeyCacheOptions {
  readonly most: number;
  readonly lifeMs: number;
  /** Milliseconds that never go back. */
  readonly now?: () => number;
}

export function createKeyCache<Key>({
  most,
  lifeMs,
  now = () => performance.now(),
}: KeyCacheOptions): KeyCache<Key> {
  // A Map keeps the order of insertion, so its first entry is the one that was used longest ago.
  const cached = new Map<string, Cached<Key>>();
  return {
    get(keyId) {
      const found = cached.get(keyId);
      if (!found) return undefined;
      cached.delete(keyId);
      if (found.until <= now()) return undefined;
      cached.set(keyId, found);
      return found.key;
    },
    set(keyId, key) {
      cached.delete(keyId);
      cached.set(keyId, { key, until: now() + lifeMs });
      const [oldest] = cached.keys();
      if (cached.size > most && oldest !== undefined) cached.delete(oldest);
    },
    drop: (keyId) => void cached.delete(keyId),
    clear: () => cached.clear(),
  };
}
