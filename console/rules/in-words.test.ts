import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Rule } from "../api/shapes.ts";
import { becauseInWords, ruleInWords } from "./in-words.ts";

const test = suite("a rule in plain words");
type When = Rule["when"];
const all = (...rules: When["rules"]): When => ({ combinator: "and", rules });
const any = (...rules: When["rules"]): When => ({ combinator: "or", rules });
const interest = { field: "interest", operator: "=", value: "Education" } as const;
const words = (when: When, route: Rule["route"] = { to: "edu" }): string => ruleInWords({ when, route });

test("says who goes where", () => {
  assert.is(words(all(interest)), "Submissions whose interest is Education go to edu");
  assert.is(words(all()), "All submissions go to edu");
  assert.is(
    words(
      all(
        { field: "kind", operator: "=", value: "assistance" },
        { field: "topic", operator: "=", value: "sales" },
      ),
    ),
    "Requests for assistance whose topic is sales go to edu",
  );
  assert.is(words(all({ field: "kind", operator: "=", value: "event" })), "Events go to edu");
});

test("says leads only where a rule asks for them", () => {
  const lead = { field: "kind", operator: "=", value: "lead" } as const;
  assert.is(words(all(lead, interest)), "Leads whose interest is Education go to edu");
  assert.is(
    words(all(interest, { ...lead, value: " Lead " })),
    "Leads whose interest is Education go to edu",
  );
  assert.is(words(all(lead)), "Leads go to edu");
  assert.is(
    words(any(lead, interest)),
    "Submissions whose kind is lead or interest is Education go to edu",
    "one that is only an alternative leaves the others in",
  );
});

test("says that a rule takes what the others leave", () => {
  const rest = (when: When, route: Rule["route"]) => ruleInWords({ when, route }, { comesAfter: true });
  assert.is(rest(all(), { to: "fallback" }), "Everything else goes to fallback");
  assert.is(rest(all(), { split: [{ to: "a", weight: 1 }] }), "Everything else is split between a (100 %)");
  assert.is(rest(all(interest), { to: "edu" }), "Submissions whose interest is Education go to edu");
  assert.match(rest({ ...all(), not: true }, { to: "edu" }), /^Nothing/);
});

test("joins conditions, and keeps groups together", () => {
  const zip = { field: "address.zip", operator: "beginsWith", value: "10" } as const;
  const age = { field: "age", operator: "between", value: [18, 30] } as const;
  assert.is(
    words(any(interest, zip)),
    "Submissions whose interest is Education or address zip begins with 10 go to edu",
  );
  assert.is(
    words(all(any(interest, zip), age)),
    "Submissions whose (interest is Education or address zip begins with 10) and age is between 18 and 30 go to edu",
  );
  assert.is(
    words({ ...all(interest), not: true }),
    "Submissions where it is not so that (interest is Education) go to edu",
  );
  assert.is(
    words(
      all(
        { field: "country", operator: "in", value: ["US", "CA", "MX"] },
        { field: "phone", operator: "notNull" },
      ),
    ),
    "Submissions whose country is one of US, CA or MX and phone is there go to edu",
  );
});

test("says every way a rule may lead", () => {
  assert.match(words(all(), { waterfall: ["a", "b"] }), "go to a, else b");
  assert.match(
    words(all(), {
      split: [
        { to: "a", weight: 3 },
        { to: "b", weight: 1 },
      ],
    }),
    "are split between a (75 %) and b (25 %)",
  );
  assert.match(words(all(), { ask: "scores" }), "go where the service scores says");
});

test("says what decided", () => {
  assert.is(
    becauseInWords({ field: "country", operator: "=", expected: "US", actual: null }),
    "asks whether country is US; it is nothing",
  );
  assert.is(becauseInWords(null), "it asks for nothing");
});

test.run();
