import { suite } from "uvu";
import * as assert from "uvu/assert";
import { given as givenEvents } from "../fixtures/given.ts";
import { AliasId, PersonId, SubmissionId } from "../ids.ts";
import { comparable } from "./comparable.ts";
import { type IdentityCommand, identityDecider } from "./decide.ts";
import type { Traits, UnsealedIdentityEvent } from "./events.ts";
import type { Identified } from "./question.ts";

const uuid = (n: number): string => `6b1f0a52-4444-8000-8000-${String(n).padStart(12, "0")}`;
const person = (n: number): PersonId => PersonId.parse(uuid(n));
const alias = (n: number): AliasId => AliasId.parse(uuid(n));
const submission = (n: number): SubmissionId => SubmissionId.parse(uuid(n));

const registered = (n: number, traits: Traits): UnsealedIdentityEvent => ({
  type: "PersonRegistered",
  data: { person_id: person(n), submission_id: submission(n), traits },
});
const recorded = (
  n: number,
  of: number,
  traits: Traits,
  ...differs: ("email" | "phone" | "name")[]
): UnsealedIdentityEvent => ({
  type: "AliasRecorded",
  data: { person_id: person(of), alias_id: alias(n), submission_id: submission(n), traits, differs },
});
const seenAgain = (n: number, of: number): UnsealedIdentityEvent => ({
  type: "PersonSeenAgain",
  data: { person_id: person(of), submission_id: submission(n) },
});
const merged = (from: number, into: number, cause: number): UnsealedIdentityEvent => ({
  type: "PersonsMerged",
  data: { from: person(from), into: person(into), submission_id: submission(cause) },
});
const splitOff = (from: number, into: number): UnsealedIdentityEvent => ({
  type: "PersonsSplit",
  data: { from: person(from), into: person(into) },
});
const forgotten = (...persons: [number, ...number[]]): UnsealedIdentityEvent => ({
  type: "PersonForgotten",
  data: { person_id: person(persons[0]), persons: persons.map(person), raw_readable_until },
});

const raw_readable_until = "2026-01-09T01:00:00.000Z";
const split = (n: number): IdentityCommand => ({ type: "split", person_id: person(n) });
const forget = (n: number): IdentityCommand => ({ type: "forget", person_id: person(n), raw_readable_until });

const given = (...events: UnsealedIdentityEvent[]) => {
  const known = givenEvents(identityDecider(), ...events);
  return {
    ...known,
    whenAsked(n: number, traits: Traits) {
      const made = known.when({
        type: "identify",
        submission_id: submission(n),
        record_id: uuid(n),
        traits,
      });
      return {
        answers(expected: Identified, ...recordedNow: UnsealedIdentityEvent[]) {
          made.then(...recordedNow);
          assert.equal("answer" in made.decision && made.decision.answer, expected);
        },
      };
    },
  };
};

const ann = { email: "ann@", phone: "+1", name: "ann" };
const bob = { email: "bob@", phone: "+2", name: "bob" };
const eve = { email: "eve@", phone: "+3", name: "eve" };
const test = suite("identity");

test("registers who is new", () => {
  given()
    .whenAsked(1, ann)
    .answers({ person_id: person(1), match: "new", lead_count: 1 }, registered(1, ann));
});

test("knows the same record again and records no more than that it came", () => {
  given(registered(1, ann))
    .whenAsked(2, ann)
    .answers({ person_id: person(1), match: "same", lead_count: 2 }, seenAgain(2, 1));
});

test("knows a person by any two of three", () => {
  const known = given(registered(1, ann));
  known
    .whenAsked(2, { email: "ann@", phone: "+1" })
    .answers({ person_id: person(1), match: "same", lead_count: 2 }, seenAgain(2, 1));
  known
    .whenAsked(2, { email: "ann@", name: "ann" })
    .answers({ person_id: person(1), match: "same", lead_count: 2 }, seenAgain(2, 1));
  known
    .whenAsked(2, { phone: "+1", name: "ann" })
    .answers({ person_id: person(1), match: "same", lead_count: 2 }, seenAgain(2, 1));
});

test("keeps a third value that differs as an alias", () => {
  const other = { ...ann, email: "other@" };
  given(registered(1, ann))
    .whenAsked(2, other)
    .answers(
      { person_id: person(1), alias_id: alias(2), match: "alias", lead_count: 2 },
      recorded(2, 1, other, "email"),
    );
});

test("keeps a third value that was missing as an alias", () => {
  given(registered(1, { email: "ann@", phone: "+1" }))
    .whenAsked(2, ann)
    .answers(
      { person_id: person(1), alias_id: alias(2), match: "alias", lead_count: 2 },
      recorded(2, 1, ann, "name"),
    );
});

test("knows an alias again", () => {
  const other = { ...ann, email: "other@" };
  given(registered(1, ann), recorded(2, 1, other, "email"))
    .whenAsked(3, other)
    .answers({ person_id: person(1), alias_id: alias(2), match: "alias", lead_count: 3 }, seenAgain(3, 1));
});

test("knows a person by the pairs of an alias", () => {
  const other = { ...ann, email: "other@" };
  given(registered(1, ann), recorded(2, 1, other, "email"))
    .whenAsked(3, { email: "other@", name: "ann" })
    .answers({ person_id: person(1), alias_id: alias(2), match: "alias", lead_count: 3 }, seenAgain(3, 1));
});

test("takes one equal value for nothing", () => {
  const namesake = { email: "second@", phone: "+2", name: "ann" };
  given(registered(1, ann))
    .whenAsked(2, namesake)
    .answers({ person_id: person(2), match: "new", lead_count: 1 }, registered(2, namesake));
});

test("never matches what is blank", () => {
  const onlyName = { name: "ann" };
  given(registered(1, onlyName))
    .whenAsked(2, onlyName)
    .answers({ person_id: person(2), match: "new", lead_count: 1 }, registered(2, onlyName));
  given(registered(1, { email: "ann@" }))
    .whenAsked(2, { email: "ann@", name: "ann" })
    .answers(
      { person_id: person(2), match: "new", lead_count: 1 },
      registered(2, { email: "ann@", name: "ann" }),
    );
});

test("knows who has an e-mail or a phone where nothing else is given", () => {
  const known = given(registered(1, ann), registered(2, bob));
  const again = { person_id: person(2), match: "same", lead_count: 2 } as const;
  known.whenAsked(3, { email: "bob@" }).answers(again, seenAgain(3, 2));
  known.whenAsked(3, { phone: "+2" }).answers(again, seenAgain(3, 2));
  given(registered(1, { email: "ann@" }))
    .whenAsked(2, { email: "ann@" })
    .answers({ person_id: person(1), match: "same", lead_count: 2 }, seenAgain(2, 1));
});

test("never knows anybody by a name alone", () => {
  given(registered(1, ann))
    .whenAsked(2, { name: "ann" })
    .answers({ person_id: person(2), match: "new", lead_count: 1 }, registered(2, { name: "ann" }));
});

test("knows by one value only where nothing else is given", () => {
  const more = { email: "ann@", phone: "+9" };
  given(registered(1, { email: "ann@" }))
    .whenAsked(2, more)
    .answers({ person_id: person(2), match: "new", lead_count: 1 }, registered(2, more));
});

test("gives an e-mail alone that two persons have to the older, also where the younger had it first", () => {
  const second = { email: "ann@", phone: "+9", name: "other" };
  given(registered(1, ann), registered(2, second))
    .whenAsked(3, { email: "ann@" })
    .answers({ person_id: person(1), match: "same", lead_count: 2 }, seenAgain(3, 1));
  const third = { ...ann, email: "bob@" };
  given(registered(1, ann), registered(2, bob), recorded(3, 1, third, "email"))
    .whenAsked(4, { email: "bob@" })
    .answers({ person_id: person(1), alias_id: alias(3), match: "alias", lead_count: 3 }, seenAgain(4, 1));
});

test("knows by one value as merges, splits and forgetting leave it", () => {
  const history = [registered(1, ann), registered(2, bob), merged(2, 1, 3)];
  const asked = { email: "bob@" };
  const aliasOf2: Identified = { person_id: person(1), alias_id: alias(2), match: "alias", lead_count: 3 };
  given(...history)
    .whenAsked(4, asked)
    .answers(aliasOf2, seenAgain(4, 1));
  given(...history, splitOff(2, 1))
    .whenAsked(4, asked)
    .answers({ person_id: person(2), match: "same", lead_count: 2 }, seenAgain(4, 2));
  given(...history, forgotten(1, 2))
    .whenAsked(4, asked)
    .answers({ person_id: person(4), match: "new", lead_count: 1 }, registered(4, asked));
  given(registered(1, ann), registered(2, { ...bob, email: "ann@" }), forgotten(1))
    .whenAsked(4, { email: "ann@" })
    .answers({ person_id: person(2), match: "same", lead_count: 2 }, seenAgain(4, 2));
});

test("merges two persons into the older when a record fits both", () => {
  given(registered(1, ann), registered(2, { email: "bob@", phone: "+1", name: "bob" }))
    .whenAsked(3, { email: "bob@", phone: "+1", name: "ann" })
    .answers(
      { person_id: person(1), alias_id: alias(3), match: "merged", lead_count: 3 },
      merged(2, 1, 3),
      recorded(3, 1, { email: "bob@", phone: "+1", name: "ann" }, "email"),
    );
});

test("follows a merge from then on", () => {
  const second = { email: "bob@", phone: "+1", name: "bob" };
  given(registered(1, ann), registered(2, second), merged(2, 1, 3))
    .whenAsked(4, second)
    .answers({ person_id: person(1), alias_id: alias(2), match: "alias", lead_count: 3 }, seenAgain(4, 1));
});

test("answers the same submission the same way twice", () => {
  given(registered(1, ann))
    .whenAsked(1, ann)
    .answers({ person_id: person(1), match: "new", lead_count: 1 });
  given(registered(1, { name: "ann" }))
    .whenAsked(1, { name: "ann" })
    .answers({ person_id: person(1), match: "new", lead_count: 1 });
});

test("counts each lead of a person once, and those of whom a merge brings", () => {
  const other = { ...ann, email: "other@" };
  const counted = given(registered(1, ann), seenAgain(2, 1), recorded(3, 1, other, "email"));
  counted.whenAsked(2, ann).answers({ person_id: person(1), match: "same", lead_count: 2 });
  counted
    .whenAsked(3, other)
    .answers({ person_id: person(1), alias_id: alias(3), match: "alias", lead_count: 3 });
  counted.whenAsked(4, ann).answers({ person_id: person(1), match: "same", lead_count: 4 }, seenAgain(4, 1));

  const link = { email: bob.email, phone: ann.phone, name: "ann" };
  const second = { email: bob.email, phone: ann.phone, name: "bob" };
  const two = given(registered(1, ann), seenAgain(2, 1), registered(3, second), seenAgain(4, 3));
  two
    .whenAsked(5, link)
    .answers(
      { person_id: person(1), alias_id: alias(5), match: "merged", lead_count: 5 },
      merged(3, 1, 5),
      recorded(5, 1, link, "email"),
    );
});

test("splits off who is named, or who was merged last", () => {
  const history = [
    registered(1, ann),
    registered(2, bob),
    registered(3, eve),
    merged(2, 1, 4),
    merged(3, 1, 5),
  ];
  given(...history)
    .when(split(2))
    .then(splitOff(2, 1));
  given(...history)
    .when(split(1))
    .then(splitOff(3, 1));
  given(...history, splitOff(3, 1))
    .when(split(1))
    .then(splitOff(2, 1));
  given(registered(1, ann)).when(split(1)).thenRefused("nothing_to_split");
  given().when(split(1)).thenRefused("unknown_person");
  given(registered(1, ann), forgotten(1)).when(split(1)).thenRefused("forgotten");
});

test("never merges again whom an operator has split", () => {
  const both = { email: bob.email, phone: ann.phone, name: ann.name };
  given(registered(1, ann), registered(2, { ...bob, phone: ann.phone }), merged(2, 1, 3), splitOff(2, 1))
    .whenAsked(4, both)
    .answers(
      { person_id: person(1), alias_id: alias(4), match: "alias", lead_count: 2 },
      recorded(4, 1, both, "email"),
    );
});

test("forgets a person with all who were merged into them", () => {
  const history = [registered(1, ann), registered(2, bob), merged(2, 1, 3)];
  given(...history)
    .when(forget(1))
    .then(forgotten(1, 2));
  given(...history)
    .when(forget(2))
    .then(forgotten(1, 2));
  given().when(forget(1)).thenRefused("unknown_person");
  given(...history, forgotten(1, 2))
    .when(forget(2))
    .thenRefused("forgotten");
});

test("takes who comes again after being forgotten for somebody new", () => {
  given(registered(1, ann), forgotten(1))
    .whenAsked(2, ann)
    .answers({ person_id: person(2), match: "new", lead_count: 1 }, registered(2, ann));
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
