import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { SubmissionId } from "../ids.ts";
import { identify } from "./decide.ts";
import type { Traits } from "./events.ts";
import { createPeople } from "./people.ts";

// Identity against the plainest reading of "two of the three equal": records are the same person when they share two values,
// or are linked by records that do.

const uuid = (n: number): string => `6b1f0a52-5555-8000-8000-${String(n).padStart(12, "0")}`;

const value = (kind: string) => fc.option(fc.integer({ min: 0, max: 4 }).map((n) => `${kind}${n}`));
const record = fc
  .record({ email: value("e"), phone: value("p"), name: value("n") })
  .map((all) => Object.fromEntries(Object.entries(all).filter(([, one]) => one !== null)) as Traits);

const isSame = (a: Traits, b: Traits): boolean =>
  (["email", "phone", "name"] as const).filter((field) => a[field] !== undefined && a[field] === b[field])
    .length >= 2;

/** For each record the first record of its person. */
function oracle(records: readonly Traits[]): number[] {
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

const test = suite("identity against a naive oracle");

test("finds the same people, whatever the records and their order", () => {
  fc.assert(
    fc.property(fc.array(record, { maxLength: 40 }), (records) => {
      const people = createPeople();
      for (const [n, traits] of records.entries()) {
        const asked = { submission_id: SubmissionId.parse(uuid(n)), record_id: uuid(n), traits };
        for (const draft of identify(asked, people).drafts) people.apply(draft);
      }
      const again = records.map((traits, n) => {
        const asked = { submission_id: SubmissionId.parse(uuid(n)), record_id: uuid(n), traits };
        const { person_id, drafts } = identify(asked, people);
        assert.equal(drafts, [], "what is known needs no recording");
        return person_id;
      });
      const groups = oracle(records);
      for (const [a, mine] of groups.entries()) {
        for (const [b, theirs] of groups.entries()) {
          assert.is(again[a] === again[b], mine === theirs, `records ${a} and ${b}`);
        }
      }
      // The survivor is the oldest of its people.
      for (const [n, first] of groups.entries()) assert.is(again[n], uuid(first));
    }),
    { numRuns: 500 },
  );
});

test.run();
