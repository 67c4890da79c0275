import * as assert from "node:assert/strict";
import { suite } from "uvu";
import { laterInWords, predicateMetInWords, whyNotInWords } from "./why-words.ts";

const test = suite("why a lead is where it is, in words");

const country = { field: "country", operator: "=", expected: "US", actual: "CA" };
const rules = [
  { rule: "r1", name: "Canada first" },
  { rule: "r2", name: "States" },
];

test("a predicate says what it asks and what it met", () => {
  const canada = { ...country, expected: "CA", matched: true };
  assert.equal(predicateMetInWords(canada), "asks whether country is CA; it is CA");
  assert.equal(
    predicateMetInWords({ ...country, matched: false }),
    "asks whether country is US; it is CA (the rule matches without it)",
  );
  assert.equal(
    predicateMetInWords({ ...country, matched: false, negated: true }),
    "asks whether country is US; it is CA, as a condition that must not hold",
  );
});

test("a rule that comes later says whether it would have matched", () => {
  assert.equal(laterInWords({ matched: true, because: country }), "comes later; would have matched too");
  assert.equal(
    laterInWords({ matched: false, because: country }),
    "comes later; would not have matched: asks whether country is US; it is CA",
  );
});

test("another partner says what its rules met, by the names of the rules", () => {
  const behind = { partner: "fin", reason: "an_earlier_rule_decided", rule: "r2", decided_by: "r1" };
  assert.equal(
    whyNotInWords({ ...behind, would_have_matched: false, because: country }, rules),
    "the rule Canada first comes before States, which would not have matched: asks whether country is US; it is CA",
  );
  assert.equal(
    whyNotInWords({ ...behind, would_have_matched: true, because: null }, rules),
    "the rule Canada first comes before States, which would have matched too",
  );
  const failed = {
    partner: "fin",
    reason: "its_rules_did_not_match",
    rules: [{ rule: "r2", because: country }],
  };
  assert.equal(
    whyNotInWords(failed, rules),
    "its rules did not match; States asks whether country is US; it is CA",
  );
});

test.run();
