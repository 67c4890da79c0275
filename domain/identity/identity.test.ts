import { suite } from "uvu";
import * as assert from "uvu/assert";
import { AliasId, PersonId, SubmissionId } from "../ids.ts";
import { comparable } from "./comparable.ts";
import { type Identification, identify } from "./decide.ts";
import type { Draft } from "./draft.ts";
import type { Traits } from "./events.ts";
import { createPeople, type People } from "./people.ts";

const uuid = (n: number): string => `6b1f0a52-4444-8000-8000-${String(n).padStart(12, "0")}`;
const person = (n: number): PersonId => PersonId.parse(uuid(n));
const alias = (n: number): AliasId => AliasId.parse(uuid(n));
const submission = (n: number): SubmissionId => SubmissionId.parse(uuid(n));

const registered = (n: number, traits: Traits): Draft => ({
  type: "PersonRegistered",
  data: { person_id: person(n), submission_id: submission(n), traits },
});
const recorded = (
  n: number,
  of: number,
  traits: Traits,
  ...differs: ("email" | "phone" | "name")[]
): Draft => ({
  type: "AliasRecorded",
  data: { person_id: person(of), alias_id: alias(n), submission_id: submission(n), traits, differs },
});
const merged = (from: number, into: number, because: number): Draft => ({
  type: "PersonsMerged",
  data: { from: person(from), into: person(into), submission_id: submission(because) },
});

function given(...events: Draft[]) {
  const people: People = createPeople();
  for (const event of events) people.apply(event);
  return {
    when: (n: number, traits: Traits) => {
      const { drafts, ...answer }: Identification = identify(
        { submission_id: submission(n), record_id: uuid(n), traits },
        people,
      );
      return {
        answers: (expected: Omit<Identification, "drafts">, ...recordedNow: Draft[]) => {
          assert.equal(answer, expected);
          assert.equal(drafts, recordedNow);
        },
      };
    },
  };
}

const ann = { email: "ann@", phone: "+1", name: "ann" };
const test = suite("identity");

test("registers who is new", () => {
  given()
    .when(1, ann)
    .answers({ person_id: person(1), match: "new" }, registered(1, ann));
});

test("knows the same record again and records nothing", () => {
  given(registered(1, ann))
    .when(2, ann)
    .answers({ person_id: person(1), match: "same" });
});

test("knows a person by any two of three", () => {
  const known = given(registered(1, ann));
  known.when(2, { email: "ann@", phone: "+1" }).answers({ person_id: person(1), match: "same" });
  known.when(2, { email: "ann@", name: "ann" }).answers({ person_id: person(1), match: "same" });
  known.when(2, { phone: "+1", name: "ann" }).answers({ person_id: person(1), match: "same" });
});

test("keeps a third value that differs as an alias", () => {
  const other = { ...ann, email: "other@" };
  given(registered(1, ann))
    .when(2, other)
    .answers({ person_id: person(1), alias_id: alias(2), match: "alias" }, recorded(2, 1, other, "email"));
});

test("keeps a third value that was missing as an alias", () => {
  given(registered(1, { email: "ann@", phone: "+1" }))
    .when(2, ann)
    .answers({ person_id: person(1), alias_id: alias(2), match: "alias" }, recorded(2, 1, ann, "name"));
});

test("knows an alias again", () => {
  const other = { ...ann, email: "other@" };
  given(registered(1, ann), recorded(2, 1, other, "email"))
    .when(3, other)
    .answers({ person_id: person(1), alias_id: alias(2), match: "alias" });
});

test("knows a person by the pairs of an alias", () => {
  const other = { ...ann, email: "other@" };
  given(registered(1, ann), recorded(2, 1, other, "email"))
    .when(3, { email: "other@", name: "ann" })
    .answers({ person_id: person(1), alias_id: alias(2), match: "alias" });
});

test("takes one equal value for nothing", () => {
  const namesake = { email: "second@", phone: "+2", name: "ann" };
  given(registered(1, ann))
    .when(2, namesake)
    .answers({ person_id: person(2), match: "new" }, registered(2, namesake));
});

test("never matches what is blank", () => {
  const onlyName = { name: "ann" };
  given(registered(1, onlyName))
    .when(2, onlyName)
    .answers({ person_id: person(2), match: "new" }, registered(2, onlyName));
  given(registered(1, { email: "ann@" }))
    .when(2, { email: "ann@", name: "ann" })
    .answers({ person_id: person(2), match: "new" }, registered(2, { email: "ann@", name: "ann" }));
});

test("merges two persons into the older when a record fits both", () => {
  given(registered(1, ann), registered(2, { email: "bob@", phone: "+1", name: "bob" }))
    .when(3, { email: "bob@", phone: "+1", name: "ann" })
    .answers(
      { person_id: person(1), alias_id: alias(3), match: "merged" },
      merged(2, 1, 3),
      recorded(3, 1, { email: "bob@", phone: "+1", name: "ann" }, "email"),
    );
});

test("follows a merge from then on", () => {
  const second = { email: "bob@", phone: "+1", name: "bob" };
  given(registered(1, ann), registered(2, second), merged(2, 1, 3))
    .when(4, second)
    .answers({ person_id: person(1), alias_id: alias(2), match: "alias" });
});

test("answers the same submission the same way twice", () => {
  given(registered(1, ann))
    .when(1, ann)
    .answers({ person_id: person(1), match: "new" });
  given(registered(1, { name: "ann" }))
    .when(1, { name: "ann" })
    .answers({ person_id: person(1), match: "new" });
});

test("compares in one spelling, and leaves out what is blank", () => {
  assert.equal(comparable({ email: " Ann@Example.COM", phone: "+15550100", full_name: "Ann   LEE " }), {
    email: "ann@example.com",
    phone: "+15550100",
    name: "ann lee",
  });
  assert.equal(comparable({ email: "  ", full_name: "" }), {});
});

test.run();
