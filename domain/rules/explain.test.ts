import { suite } from "uvu";
import * as assert from "uvu/assert";
import { PartnerId } from "../ids.ts";
import { explain, factsRead, whyNot } from "./explain.ts";
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
  assert.equal(whyNot(rules, explained, { partner: PartnerId.parse("fin") }, partners), [
    { partner: "edu", reason: "its_rules_did_not_match", rules: [{ rule: "education", because }] },
    { partner: "bank", reason: "later_in_the_waterfall", rule: "money", position: 2 },
    {
      partner: "fallback",
      reason: "an_earlier_rule_decided",
      rule: "rest",
      decided_by: "money",
      would_have_matched: true,
      because: null,
    },
    { partner: "idle", reason: "no_rule_routes_to_it" },
  ]);
});

explaining(
  "shows all that the rule asks that matched, and whether those behind it would have matched",
  () => {
    const ruled = [
      rule(
        "canada",
        1,
        [
          { field: "country", operator: "=", value: "CA" },
          { combinator: "or", not: true, rules: [{ field: "topic", operator: "=", value: "loans" }] },
          { field: "interest", operator: "=", value: "Education" },
        ],
        { to: "edu" },
      ),
      rule("states", 2, [{ field: "country", operator: "=", value: "US" }], { to: "fin" }),
      rule("learning", 3, [{ field: "interest", operator: "=", value: "Education" }], { to: "bank" }),
    ];
    const explained = explain(ruled, { country: "ca", interest: "Education", topic: "visas" });
    const country = { field: "country", operator: "=", actual: "ca" };
    const interest = { field: "interest", operator: "=", expected: "Education", actual: "Education" };
    assert.equal(explained.explanation, [
      {
        rule: "canada",
        name: "canada",
        matched: true,
        because: interest,
        predicates: [
          { ...country, expected: "CA", matched: true },
          {
            field: "topic",
            operator: "=",
            expected: "loans",
            actual: "visas",
            matched: false,
            negated: true,
          },
          { ...interest, matched: true },
        ],
      },
    ]);
    assert.equal(explained.later, [
      { rule: "states", name: "states", matched: false, because: { ...country, expected: "US" } },
      { rule: "learning", name: "learning", matched: true, because: interest },
    ]);
    const [edu, fin, bank] = partners;
    assert.ok(edu && fin && bank);
    const behind = whyNot(ruled, explained, { partner: edu }, [fin, bank]);
    const decided = { reason: "an_earlier_rule_decided", decided_by: "canada" };
    assert.equal(behind, [
      {
        ...decided,
        partner: "fin",
        rule: "states",
        would_have_matched: false,
        because: { ...country, expected: "US" },
      },
      { ...decided, partner: "bank", rule: "learning", would_have_matched: true, because: interest },
    ]);
  },
);

explaining("says that no rule matched", () => {
  const explained = explain(rules.slice(0, 1), {});
  assert.equal([explained.rule, explained.route], [null, null]);
  assert.equal(
    whyNot(rules.slice(0, 1), explained, { partner: null }, partners.slice(0, 1))[0]?.reason,
    "its_rules_did_not_match",
  );
});

explaining("tells what became of the other partners of the rule that decided", () => {
  const [edu, fin, bank] = ["edu", "fin", "bank"].map((id) => PartnerId.parse(id));
  assert.ok(edu && fin && bank);
  const by = (route: unknown) => {
    const only = [rule("only", 1, [], route)];
    return (course: Parameters<typeof whyNot>[2]) =>
      whyNot(only, explain(only, {}), course, [edu, fin, bank]);
  };
  const inTurn = by({ waterfall: ["edu", "fin", "bank"] });
  const closed = [{ partner: edu, state: "disabled" }];
  assert.equal(inTurn({ partner: bank, closed, before: new Map([[fin, "over_cap"]]) }), [
    { partner: "edu", reason: "was_not_open", rule: "only", state: "disabled" },
    { partner: "fin", reason: "its_turn_is_over", rule: "only", because: "over_cap" },
  ]);
  const shared = by({
    split: [
      { to: "edu", weight: 1 },
      { to: "fin", weight: 3 },
    ],
  });
  assert.equal(shared({ partner: edu }), [
    { partner: "fin", reason: "another_share_of_the_split", rule: "only", weight: 3 },
    { partner: "bank", reason: "no_rule_routes_to_it" },
  ]);
  const chosen = by({ ask: "oracle" })({ partner: edu });
  assert.equal(chosen[0], {
    partner: "fin",
    reason: "the_service_chose_another",
    rule: "only",
    service: "oracle",
  });
});

explaining("shows those facts that the rules read, and no others", () => {
  const nested = [
    rule(
      "nested",
      1,
      [
        { field: "interest", operator: "notNull" },
        { combinator: "or", rules: [{ field: "context.order.total", operator: ">", value: 1 }] },
      ],
      { to: "edu" },
    ),
  ];
  assert.equal(factsRead(nested, { interest: "x", email: "a@b.c" }), {
    interest: "x",
    "context.order.total": null,
  });
});

explaining.run();
