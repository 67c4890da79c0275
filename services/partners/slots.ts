// So many at once, the others in line.

export interface Slots {
  /** Resolves to the function that gives the slot back. */
  take(): Promise<() => void>;
  /** The limit may be another: who is in line need not wait until a slot is given back. */
  review(): void;
}

/** The limit may change while slots are taken. */
export function createSlots(limit: () => number): Slots {
  let taken = 0;
  const line: (() => void)[] = [];
  const admit = (): void => {
    while (taken < limit()) {
      const next = line.shift();
      if (next === undefined) return;
      taken += 1;
      next();
    }
  };
  const giveBack = (): void => {
    taken -= 1;
    admit();
  };
  return {
    take() {
      return new Promise((resolve) => {
        line.push(() => resolve(giveBack));
        admit();
      });
    },
    review: admit,
  };
}
