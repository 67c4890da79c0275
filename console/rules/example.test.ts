import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Rule } from "../api/shapes.ts";
import { exampleFor } from "./example.ts";

const test = suite("a submission that a rule would take");

type When = Rule["when"];
const is = (field: string, value: unknown, operator = "=") => ({ field, operator, value }) as never;
const of = (when: Partial<When>) => exampleFor({ when: { combinator: "and", rules: [], ...when } });

test("has what all conditions ask for, and one of those that are enough alone", () => {
  assert.equal(
    of({ rules: [is("interest", "Travel"), is("address.zip", "8010"), is("address.city", "Graz")] }),
    {
      interest: "Travel",
      address: { zip: "8010", city: "Graz" },
    },
  );
  const either: When = { combinator: "or", rules: [is("country", "NL"), is("country", "BE")] };
  assert.equal(of({ rules: [either, is("age", [18, 30], "between"), is("kind", ["lead"], "in")] }), {
    country: "NL",
    age: 18,
    kind: "lead",
  });
});

test("has nothing that a producer does not say, nor what a rule excludes", () => {
  const rules = [
    is("person.lead_count", 2),
    is("suppressed.no", true),
    is("source", "shop"),
    is("x", 1, "!="),
  ];
  assert.equal(of({ rules }), {});
  assert.equal(of({ not: true, rules: [is("interest", "Travel")] }), {});
  assert.equal(Object.keys(of({ rules: [is("__proto__.x", 1)] })), []);
});

test.run();
