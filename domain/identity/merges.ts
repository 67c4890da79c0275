import type { Records } from "./records.ts";

// Who was merged into whom, and which two an operator has split. Persons are named by their first records.

export type Split = readonly [from: number, into: number];

export interface Merges {
  /** Every split so far: no later record merges these two again. */
  readonly splits: readonly Split[];
  merge(from: number, into: number): void;
  split(from: number, into: number): void;
  /** The person and all who were merged into them. */
  membersOf(person: number): number[];
  /** Who was merged into this person last. */
  lastMergedInto(person: number): number | undefined;
  areSplit(one: number, other: number): boolean;
}

export function createMerges(records: Records, stored: readonly Split[] = []): Merges {
  const splits: Split[] = [...stored];
  const merged = new Map<number, number[]>();
  const remember = (from: number, into: number): void => {
    merged.set(into, [...(merged.get(into) ?? []), from]);
  };
  for (const [from, into] of records.merges()) remember(from, into);

  const membersOf = (person: number): number[] => [person, ...(merged.get(person) ?? []).flatMap(membersOf)];
  return {
    splits,
    merge(from, into) {
      records.merge(from, into);
      remember(from, into);
    },
    split(from, into) {
      records.unmerge(from);
      const others = (merged.get(into) ?? []).filter((one) => one !== from);
      if (others.length > 0) merged.set(into, others);
      else merged.delete(into);
      splits.push([from, into]);
    },
    membersOf,
    lastMergedInto: (person) => merged.get(person)?.at(-1),
    areSplit: (one, other) =>
      splits.some(([from, into]) => {
        const [a, b] = [records.personOf(from), records.personOf(into)];
        return (a === one && b === other) || (a === other && b === one);
      }),
  };
}
