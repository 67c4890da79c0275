// How often a letter was tried. Kept in memory: a partition that moves gives its letters a few tries more, never fewer.

export interface Tries {
  /** One more; how many they are now. */
  count(id: string): number;
  forget(id: string): void;
}

const MOST_REMEMBERED = 10_000;

export function createTries(): Tries {
  const counts = new Map<string, number>();
  return {
    count(id) {
      const now = (counts.get(id) ?? 0) + 1;
      counts.delete(id);
      counts.set(id, now);
      const [oldest] = counts.keys();
      if (counts.size > MOST_REMEMBERED && oldest !== undefined) counts.delete(oldest);
      return now;
    },
    forget: (id) => void counts.delete(id),
  };
}
