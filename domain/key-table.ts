// An open-addressing table from keys to records that keeps no keys: a slot names a record and which of its keys is meant,
// and the record itself is asked whether it fits. Four bytes a slot, so a million people fit in tens of megabytes.

const FREE = 0;
const MAX_LOAD = 0.6;

export interface KeyTable {
  /** Calls back with each entry that may have the key, until one is accepted. */
  find(hash: number, accepts: (entry: number) => boolean): number | undefined;
  add(hash: number, entry: number): void;
  /** Makes room for so many, so that it does not have to grow on the way. */
  reserve(entries: number): void;
}

/** `hashOf` gives an entry's hash again when the table grows. */
export function keyTable(hashOf: (entry: number) => number): KeyTable {
  let slots = new Uint32Array(1 << 10);
  let used = 0;

  const place = (hash: number, entry: number): void => {
    const mask = slots.length - 1;
    let at = hash & mask;
    while (slots[at] !== FREE) at = (at + 1) & mask;
    slots[at] = entry + 1;
  };

  const grow = (to = slots.length * 2): void => {
    const old = slots;
    slots = new Uint32Array(to);
    for (const slot of old) if (slot !== FREE) place(hashOf(slot - 1), slot - 1);
  };

  return {
    find(hash, accepts) {
      const mask = slots.length - 1;
      for (let at = hash & mask; ; at = (at + 1) & mask) {
        const slot = slots[at] as number;
        if (slot === FREE) return undefined;
        if (accepts(slot - 1)) return slot - 1;
      }
    },
    add(hash, entry) {
      if (used + 1 > slots.length * MAX_LOAD) grow();
      place(hash, entry);
      used += 1;
    },
    reserve(entries) {
      const minSlots = (used + entries) / MAX_LOAD;
      if (minSlots > slots.length) grow(2 ** Math.ceil(Math.log2(minSlots)));
    },
  };
}
