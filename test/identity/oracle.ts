// The plainest reading of "two of the three equal": records are the same person when they share two values, or are linked by
// records that do.
import fc from "fast-check";
import type { Traits } from "#domain/identity/events.ts";

const value = (kind: string) => fc.option(fc.integer({ min: 0, max: 4 }).map((n) => `${kind}${n}`));

export const anyTraits = fc
  .record({ email: value("e"), phone: value("p"), name: value("n") })
  .map((all) => Object.fromEntries(Object.entries(all).filter(([, one]) => one !== null)) as Traits);

const isSame = (a: Traits, b: Traits): boolean =>
  (["email", "phone", "name"] as const).filter((field) => a[field] !== undefined && a[field] === b[field])
    .length >= 2;

/** For each record the first record of its person. */
export function oracle(records: readonly Traits[]): number[] {
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
