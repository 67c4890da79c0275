import { suite } from "uvu";
import * as assert from "uvu/assert";
import { PartnerId } from "../ids.ts";
import { explain, whyNot } from "./explain.ts";
import { Rule } from "./rule.ts";

const explaining = suite("why a submission goes where it goes");

const rule = (id: string, priority: number, rules: unknown[], route: unknown): Rule =>
  Rule.parse({ id, name: id, priority, enabled: true, when: { combinator: "and", rules }, route });
const rules = [
  rule("education", 1, [{ field: "interest", operator: "=", value: "Education" }], { to: "edu" }),
  rule("money", 2, [{ field: "interest", operator: "=", value: "Finance" }], { waterfall: ["fin", "bank"] }),
  rule("rest", 3, [], { to: "fallback" }),
];
const partners = ["edu", "fin", "bank", "fallback", "idle"].map((id) => PartnerId.parse(id));

explaining("names for every other partner what kept it from getting the submission", () => {
  const explained = explain(rules, { interest: "finance" });
  assert.equal([explained.rule, explained.route], ["money", { waterfall: ["fin", "bank"] }]);
  const because = { field: "interest", operator: "=", expected: "Education", actual: "finance" };
  assert.equal(whyNot(rules, explained, PartnerId.parse("fin"), partners), [
    { partner: "edu", reason: "its_rules_did_not_match", rules: [{ rule: "education", because }] },
    { partner: "bank", reason: "others_of_the_same_rule_came_first", rule: "money" },
    { partner: "fallback", reason: "an_earlier_rule_decided", rule: "rest", decided_by: "money" },
    { partner: "idle", reason: "no_rule_routes_to_it" },
  ]);
});

explaining("says that no rule matched", () => {
  const explained = explain(rules.slice(0, 1), {});
  assert.equal([explained.rule, explained.route], [null, null]);
  assert.equal(
    whyNot(rules.slice(0, 1), explained, null, partners.slice(0, 1))[0]?.reason,
    "its_rules_did_not_match",
  );
});

explaining.run();
