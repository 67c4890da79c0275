import type { Records } from "./records.ts";

// Who was merged into whom, and which two an operator has told apart. Persons are named by their first records.

export type Apart = readonly [from: number, into: number];

export interface Households {
  readonly apart: readonly Apart[];
  merge(from: number, into: number): void;
  split(from: number, into: number): void;
  /** The person and all who were merged into them. */
  of(person: number): number[];
  /** Who was merged into this person last. */
  lastMergedInto(person: number): number | undefined;
  areApart(one: number, other: number): boolean;
}

export function createHouseholds(records: Records, stored: readonly Apart[] = []): Households {
  const apart: Apart[] = [...stored];
  const members = new Map<number, number[]>();
  const join = (from: number, into: number): void => {
    members.set(into, [...(members.get(into) ?? []), from]);
  };
  for (const [from, into] of records.merges()) join(from, into);

  const of = (person: number): number[] => [person, ...(members.get(person) ?? []).flatMap(of)];
  return {
    apart,
    merge(from, into) {
      records.merge(from, into);
      join(from, into);
    },
    split(from, into) {
      records.unmerge(from);
      const others = (members.get(into) ?? []).filter((one) => one !== from);
      if (others.length > 0) members.set(into, others);
      else members.delete(into);
      apart.push([from, into]);
    },
    of,
    lastMergedInto: (person) => members.get(person)?.at(-1),
    areApart: (one, other) =>
      apart.some(([from, into]) => {
        const [a, b] = [records.personOf(from), records.personOf(into)];
        return (a === one && b === other) || (a === other && b === one);
      }),
  };
}
