import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { anyTraits, oracle } from "../../test/identity/oracle.ts";
import { type PersonId, SubmissionId } from "../ids.ts";
import { type Identify, type IdentityCommand, identify, identityDecider } from "./decide.ts";
import type { Traits } from "./events.ts";
import { createPeople } from "./people.ts";

const uuid = (n: number): string => `6b1f0a52-5555-8000-8000-${String(n).padStart(12, "0")}`;

const asking = (n: number, traits: Traits): Identify => ({
  type: "identify",
  submission_id: SubmissionId.parse(uuid(n)),
  record_id: uuid(n),
  traits,
});

const test = suite("identity against a naive oracle");

test("finds the same people, whatever the records and their order", () => {
  fc.assert(
    fc.property(fc.array(anyTraits, { maxLength: 40 }), (records) => {
      const people = createPeople();
      const asked = records.map((traits, n) => {
        const { answer, events } = identify(asking(n, traits), people);
        for (const event of events) people.apply(event);
        return answer;
      });
      const named = asked.map(({ person_id }) => person_id);
      const counts = asked.map(({ lead_count }) => lead_count);
      for (const [n, count] of counts.entries()) {
        const { first } = oracle(records.slice(0, n + 1));
        assert.is(count, first.filter((one) => one === first[n]).length, `lead ${n} of its person`);
      }
      const again = records.map((traits, n) => {
        const { answer, events } = identify(asking(n, traits), people);
        assert.equal(events, [], "what is known needs no recording");
        assert.is(answer.lead_count, counts[n], "it counts once");
        return answer.person_id;
      });
      const expected = oracle(records);
      // Whoever was named at first may have been merged since; the survivor is the oldest of its people.
      const today = named.map((id) => people.idOf(people.personOf(people.find(id) as number)));
      assert.equal(today, expected.first.map(uuid));
      assert.equal(again, expected.again.map(uuid));
    }),
    { numRuns: 1_000 },
  );
});

test("finds the same from an index that is made anew, also after merges, splits and forgetting", () => {
  const anyChange = fc.record({ what: fc.constantFrom("split", "forget"), whom: fc.nat() });
  const anyStep = fc.oneof({ arbitrary: anyTraits, weight: 6 }, { arbitrary: anyChange, weight: 1 });
  fc.assert(
    fc.property(fc.array(anyStep, { maxLength: 40 }), fc.array(anyTraits), fc.nat(), (steps, asked, at) => {
      const people = createPeople();
      const { decide } = identityDecider(people);
      const persons: PersonId[] = [];
      let anew = createPeople();
      for (const [n, step] of steps.entries()) {
        if (n === at % steps.length) anew = createPeople(people.columns, people.merges.splits);
        const command = "what" in step ? changeOf(step, persons) : asking(n, step);
        const decision = command && decide(command, people);
        for (const event of decision?.accepted ? decision.events : []) {
          people.apply(event);
          anew.apply(event);
          if (event.type === "PersonRegistered") persons.push(event.data.person_id);
        }
      }
      for (const traits of asked) assert.equal(anew.match(traits), people.match(traits));
    }),
    { numRuns: 1_000 },
  );
});

function changeOf(
  { what, whom }: { readonly what: string; readonly whom: number },
  persons: readonly PersonId[],
): IdentityCommand | undefined {
  const person_id = persons[whom % persons.length];
  if (person_id === undefined) return undefined;
  return what === "split"
    ? { type: "split", person_id }
    : { type: "forget", person_id, raw_readable_until: "2026-01-09T01:00:00.000Z" };
}

test.run();
