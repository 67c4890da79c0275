// The plainest reading of "two of the three equal": records are the same person when they share two values, or are linked by
// records that do. One that gives an e-mail or a phone alone is whoever has it by then, the oldest of them, and links nobody.
import fc from "fast-check";
import type { Traits } from "#domain/identity/events.ts";

const value = (kind: string) => fc.option(fc.integer({ min: 0, max: 4 }).map((n) => `${kind}${n}`));

export const anyTraits = fc
  .record({ email: value("e"), phone: value("p"), name: value("n") })
  .map((all) => Object.fromEntries(Object.entries(all).filter(([, one]) => one !== null)) as Traits);

const isSame = (a: Traits, b: Traits): boolean =>
  (["email", "phone", "name"] as const).filter((field) => a[field] !== undefined && a[field] === b[field])
    .length >= 2;

/** Where it gives an e-mail or a phone and nothing else. */
export function singleIn(traits: Traits): "email" | "phone" | undefined {
  const [field, ...others] = Object.keys(traits);
  return others.length === 0 && (field === "email" || field === "phone") ? field : undefined;
}

/** For each record the first record of those that it is linked with by shared pairs. */
export function linked(records: readonly Traits[]): number[] {
  const person = records.map((_, n) => n);
  for (let changed = true; changed; ) {
    changed = false;
    for (const [a, one] of records.entries()) {
      for (const [b, other] of records.entries()) {
        const [mine, theirs] = [person[a] as number, person[b] as number];
        if (mine > theirs && isSame(one, other)) {
          person[a] = theirs;
          changed = true;
        }
      }
    }
  }
  return person;
}

/** For records that come one after the other: the first record of each one's person, when it came and when it is asked about at last. */
export function oracle(records: readonly Traits[]): { readonly first: number[]; readonly again: number[] } {
  const holderOf: number[] = [];
  const isSaid = (n: number): boolean => holderOf[n] !== n;
  /** The oldest person of all up to `upTo` who has the only value of record n. */
  function oldest(n: number, upTo: number): number | undefined {
    const one = records[n] as Traits;
    const field = singleIn(one);
    if (field === undefined) return undefined;
    const groups = linked(records.slice(0, upTo));
    const holders = groups.filter((_, m) => m !== n && !isSaid(m) && records[m]?.[field] === one[field]);
    return holders.length === 0 ? undefined : Math.min(...holders);
  }
  for (const n of records.keys()) holderOf[n] = oldest(n, n) ?? n;
  const groups = linked(records);
  return {
    first: holderOf.map((holder) => groups[holder] as number),
    again: holderOf.map((holder, n) =>
      isSaid(n) ? (oldest(n, records.length) ?? holder) : (groups[n] as number),
    ),
  };
}
