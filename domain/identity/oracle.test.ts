import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { anyTraits, oracle } from "../../test/identity/oracle.ts";
import { SubmissionId } from "../ids.ts";
import { type Identify, identify } from "./decide.ts";
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
      const counts = records.map((traits, n) => {
        const { answer, events } = identify(asking(n, traits), people);
        for (const event of events) people.apply(event);
        return answer.lead_count;
      });
      for (const [n, count] of counts.entries()) {
        const soFar = oracle(records.slice(0, n + 1));
        assert.is(count, soFar.filter((first) => first === soFar[n]).length, `lead ${n} of its person`);
      }
      const again = records.map((traits, n) => {
        const { answer, events } = identify(asking(n, traits), people);
        assert.equal(events, [], "what is known needs no recording");
        assert.is(answer.lead_count, counts[n], "it counts once");
        return answer.person_id;
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
