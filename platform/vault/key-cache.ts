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
  // Two halves: whatever is used moves to the younger, and the elder goes as a whole. To keep the order of every use in one map
  // costs more than all that the keys are used for.
  let younger = new Map<string, Cached<Key>>();
  let elder = new Map<string, Cached<Key>>();

  const keep = (keyId: string, entry: Cached<Key>): void => {
    if (younger.size >= most / 2) {
      elder = younger;
      younger = new Map();
    }
    younger.set(keyId, entry);
  };
  const drop = (keyId: string): void => {
    younger.delete(keyId);
    elder.delete(keyId);
  };

  return {
    get(keyId) {
      const young = younger.get(keyId);
      const found = young ?? elder.get(keyId);
      if (!found) return undefined;
      if (found.until <= now()) {
        drop(keyId);
        return undefined;
      }
      if (!young) keep(keyId, found);
      return found.key;
    },
    set(keyId, key) {
      drop(keyId);
      keep(keyId, { key, until: now() + lifeMs });
    },
    drop,
    clear() {
      younger.clear();
      elder.clear();
    },
  };
}
