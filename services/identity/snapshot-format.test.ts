import { createHash } from "node:crypto";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { identify } from "#domain/identity/decide.ts";
import { createPeople, createPeopleInSteps, type People } from "#domain/identity/people.ts";
import { STEP } from "#domain/identity/repeats.ts";
import { SubmissionId } from "#domain/ids.ts";
import { fromBytes, toBytes } from "./snapshot-format.ts";

const test = suite("the stored copy of the identity index");

/** Their first words differ, as those of real ones do. */
const uuid = (n: number): string =>
  `${n.toString(16).padStart(8, "0")}-5555-8000-8000-${String(n).padStart(12, "0")}`;

/** Traits are keyed hashes. */
const hashOf = (text: string): string => createHash("sha256").update(text).digest("hex");

function ask(people: People, n: number, traits: object) {
  const submission_id = SubmissionId.parse(uuid(n));
  return identify({ type: "identify", submission_id, record_id: uuid(n), traits }, people);
}

test("answers as the index that it was taken of, and counts leads on from there", () => {
  const people = createPeople();
  // Each third comes again with the same, so that leads outnumber records.
  const traitsOf = (n: number) => ({ email: `${n % 1_000}@`, phone: `+${n % 1_000}`, name: `${n % 500}` });
  for (let n = 0; n < 5_000; n += 1)
    for (const event of ask(people, n, traitsOf(n)).events) people.apply(event);
  const [into, from] = [uuid(0) as never, uuid(7) as never];
  people.apply({ type: "PersonsMerged", data: { into, from, submission_id: uuid(9_999) as never } });
  people.apply({ type: "PersonsSplit", data: { into, from } });
  const read = fromBytes(toBytes(people));
  assert.ok(read);
  const copy = createPeople(read.columns, read.splits, read.repeats);
  assert.is(copy.count, people.count);
  assert.ok(people.repeats.count > 100, `${people.repeats.count} leads without a record`);
  for (let n = 0; n < 6_000; n += 7)
    assert.equal(ask(copy, n, traitsOf(n)).answer, ask(people, n, traitsOf(n)).answer);
});

test("is made findable in steps, so that its process renews its leases meanwhile", () => {
  const people = createPeople();
  const count = 3 * STEP;
  const traitsOf = (n: number) => ({ email: hashOf(`${n}@`), name: hashOf(`${n}`) });
  for (let n = 0; n < 2 * count; n += 1)
    for (const event of ask(people, n, traitsOf(n % count)).events) people.apply(event);
  const read = fromBytes(toBytes(people));
  const steps = createPeopleInSteps(read?.columns, read?.splits, read?.repeats);
  let pauses = 0;
  let step = steps.next();
  for (; !step.done; step = steps.next()) pauses += 1;
  assert.is(pauses, 6, "three among the people, three among the leads of people who were known");
  assert.equal(ask(step.value, 7, traitsOf(7)), ask(people, 7, traitsOf(7)));
});

test("is nothing where a byte of it is another", () => {
  const people = createPeople();
  for (const event of ask(people, 1, { email: "a", phone: "b" }).events) people.apply(event);
  const bytes = toBytes(people);
  bytes[40] = (bytes[40] ?? 0) ^ 1;
  assert.is(fromBytes(bytes), undefined);
});

test.run();
