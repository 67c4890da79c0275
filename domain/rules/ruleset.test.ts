import { suite } from "uvu";
import * as assert from "uvu/assert";
import { given } from "../fixtures/given.ts";
import type { RulesetEvent } from "./events.ts";
import { Rule } from "./rule.ts";
import { type ChangeRules, changesBetween, type RulesEdit, ruleset } from "./ruleset.ts";

const changing = suite("changing the rules");

const rule = (id: string, to = "edu", priority = 1): Rule =>
  Rule.parse({
    id,
    name: id,
    priority,
    enabled: true,
    when: { combinator: "and", rules: [] },
    route: { to },
  });
const changed = (version: number, ...rules: Rule[]): RulesetEvent => ({
  type: "RulesetChanged",
  data: { version, rules },
});
const change = (edit: RulesEdit, more: Partial<ChangeRules> = {}): ChangeRules => ({
  edit,
  expected_version: undefined,
  reason: undefined,
  targets: { partnerExists: (id) => id !== "gone", routingServiceExists: (id) => id === "picker" },
  checked: undefined,
  ...more,
});
const [a, b] = [rule("a"), rule("b", "fin")];

changing("stores the whole set with each change, and why it was made", () => {
  given(ruleset)
    .when(change({ type: "put", rule: a }, { reason: "a new school" }))
    .then({ type: "RulesetChanged", data: { version: 1, rules: [a], reason: "a new school" } });
  given(ruleset, changed(1, a))
    .when(change({ type: "put", rule: b }))
    .then(changed(2, a, b));
  given(ruleset, changed(2, a, b))
    .when(change({ type: "remove", id: a.id }))
    .then(changed(3, b));
  given(ruleset, changed(2, a, b))
    .when(change({ type: "replace_all", rules: [b] }))
    .then(changed(3, b));
});

changing("puts a rule where it was", () => {
  const other = rule("a", "fin");
  given(ruleset, changed(1, a, b))
    .when(change({ type: "put", rule: other }))
    .then(changed(2, other, b));
});

changing("is refused where somebody else was faster, naming the version that there is", () => {
  given(ruleset, changed(7, a))
    .when(change({ type: "put", rule: b }, { expected_version: 6 }))
    .thenRefused("version_moved", { version: 7 });
});

changing("is refused where a rule leads nowhere or an id stands twice, with where", () => {
  const flaws = [
    { path: "rules.1.id", message: "is used by an earlier rule" },
    { path: "rules.2.route.to", message: "there is no such partner" },
  ];
  given(ruleset)
    .when(change({ type: "replace_all", rules: [a, a, rule("c", "gone")] }))
    .thenRefused("flawed", { flaws });
  const asking = Rule.parse({ ...a, route: { ask: "nobody" } });
  given(ruleset)
    .when(change({ type: "put", rule: asking }))
    .thenRefused("flawed", {
      flaws: [{ path: "route.ask", message: "there is no such routing service" }],
    });
  given(ruleset, changed(1, a))
    .when(change({ type: "remove", id: b.id }))
    .thenRefused("no_such_rule");
});

changing("is refused with its conflicts, unless they are accepted or were looked for in another set", () => {
  const conflicts = [{ rules: ["a", "b"], witness: {} }] as const;
  const both = given(ruleset, changed(1, a));
  both
    .when(change({ type: "put", rule: b }, { checked: { version: 1, conflicts } }))
    .thenRefused("conflicting", { conflicts });
  both
    .when(change({ type: "put", rule: b }, { checked: { version: 0, conflicts: [] } }))
    .thenRefused("check_again");
  both.when(change({ type: "put", rule: b })).then(changed(2, a, b));
});

changing("is told rule by rule", () => {
  const other = rule("a", "fin");
  assert.equal(changesBetween([a, b], [other, rule("c")]), [
    { rule: "a", change: "changed", before: a, after: other },
    { rule: "c", change: "added", after: rule("c") },
    { rule: "b", change: "removed", before: b },
  ]);
  assert.equal(changesBetween([a, b], [b, a]), [
    { rule: "b", change: "moved" },
    { rule: "a", change: "moved" },
  ]);
  assert.equal(changesBetween([a, b], [a, b]), []);
});

changing.run();
