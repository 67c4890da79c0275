import { suite } from "uvu";
import * as assert from "uvu/assert";
import { DeliveryId, PartnerId, RuleId, SourceId, SubmissionId } from "../ids.ts";
import { Rule } from "../rules/rule.ts";
import { Comparison, ComparisonResult } from "./comparison.ts";
import { type Decided, type SubmissionEvent, submissionEvents } from "./events.ts";
import { decideAgain, pastDecision, plainDecision } from "./past-decision.ts";

const test = suite("decisions beside what other rules would decide");

const id = SubmissionId.parse("6b1f0a52-1111-8000-8000-000000000001");
const [edu, fin, odd] = ["edu", "fin", "constructor"].map((one) => PartnerId.parse(one)) as [
  PartnerId,
  PartnerId,
  PartnerId,
];
const rule = RuleId.parse("r");
const at = "2026-01-01T00:00:00.000Z";
const sealed = { key: "k", iv: "i", tag: "t", data: "d" };
const decided: Decided = { at, seed: 0xc0000000, closed: [{ partner: fin, state: "disabled" }] };
const routed = (leg: number, more: { decided?: Decided } = {}): SubmissionEvent => ({
  type: "SubmissionRouted",
  data: {
    submission_id: id,
    kind: "lead",
    source: SourceId.parse("demo"),
    received_at: at,
    key_fingerprint: "k",
    route: {
      partner: edu,
      delivery_id: DeliveryId.parse("6b1f0a52-3333-8000-8000-00000000ed01"),
      leg,
      remaining: [],
      rule,
      ruleset_version: 1,
    },
    sealed,
    ...more,
  },
});
const by = (route: unknown): Rule =>
  Rule.parse({
    id: "draft",
    name: "d",
    priority: 1,
    enabled: true,
    when: { combinator: "and", rules: [] },
    route,
  });

test("a decision is the first leg of a route, or none, and never a later leg", () => {
  assert.is(pastDecision(routed(2), at), undefined);
  assert.equal(pastDecision(routed(2, { decided }), at)?.decided, decided);
  const older = pastDecision(routed(1), at);
  assert.equal([older?.partner, older?.decided], [edu, { at, seed: 1, closed: [] }]);
  const unrouted: SubmissionEvent = {
    type: "SubmissionUnrouted",
    data: { submission_id: id, reason: "no_rule_matched", ruleset_version: 1, decided },
  };
  assert.equal(pastDecision(unrouted, at), { id, partner: null, decided, sealed: undefined });
});

test("a decision that is only looked at is the one that decoding gives, and anything odd is left to decoding", () => {
  const open: Decided = { ...decided, closed: [] };
  const unrouted: SubmissionEvent = {
    type: "SubmissionUnrouted",
    data: { submission_id: id, reason: "no_rule_matched", ruleset_version: 1, decided: open },
  };
  for (const event of [routed(1, { decided: open }), routed(2, { decided: open }), unrouted])
    assert.equal(
      plainDecision({ ...event, version: submissionEvents[event.type].version, at }),
      pastDecision(event, at),
    );
  const { type, data } = routed(1, { decided: open });
  const { version } = submissionEvents[type];
  const plain = { type, version, data: data as unknown, at };
  for (const odd of [
    { version: version - 1 },
    { version: version + 1 },
    { type: "SubmissionRejected" },
    { data: "text" },
    { data: { ...data, submission_id: 1 } },
    { data: { ...data, route: null } },
    { data: { ...data, sealed: { ...sealed, iv: 1 } } },
    { data: { ...data, decided: undefined } },
    { data: { ...data, decided } },
    { data: { ...data, decided: { ...open, asked: { service: "s", partner: "edu" } } } },
  ])
    assert.is(plainDecision({ ...plain, ...odd }), undefined);
});

test("the other rules decide with the seed and the closed partners of that moment", () => {
  const past = pastDecision(routed(1, { decided }), at);
  assert.ok(past);
  const then = (route: unknown) => decideAgain(() => by(route), past, {});
  const draft = RuleId.parse("draft");
  assert.equal(
    then({
      split: [
        { to: "edu", weight: 1 },
        { to: "other", weight: 1 },
      ],
    }),
    {
      partner: PartnerId.parse("other"),
      rule: draft,
    },
  );
  assert.equal(then({ waterfall: ["fin", "edu"] }), { partner: edu, rule: draft });
  assert.equal(then({ to: "fin" }), { partner: null, rule: draft });
  assert.equal(
    decideAgain(() => undefined, past, {}),
    { partner: null, rule: null },
  );
});

test("counts who would have got what, and goes on where it stopped", () => {
  const first = new Comparison();
  first.add({ id, partner: edu }, { partner: odd, rule });
  first.add({ id, partner: edu }, { partner: edu, rule });
  const kept = ComparisonResult.parse(JSON.parse(JSON.stringify(first.result())));
  const second = new Comparison(kept);
  second.add({ id, partner: null }, { partner: fin, rule });
  second.add({ id, partner: fin }, { partner: null, rule: null });
  second.addUnreadable();
  const { total, changed, unreadable, partners, unrouted, examples } = second.result();
  assert.equal([total, changed, unreadable], [4, 3, 1]);
  assert.equal(
    Object.entries(partners).map(([partner, counts]) => [partner, counts.now, counts.then]),
    [
      ["edu", 2, 1],
      ["constructor", 0, 1],
      ["fin", 1, 1],
    ],
  );
  assert.equal([unrouted.now, unrouted.then], [1, 1]);
  assert.equal(examples, [
    { id, from: edu, to: odd, rule },
    { id, from: null, to: fin, rule },
    { id, from: fin, to: null, rule: null },
  ]);
  assert.is(first.result().total, 2);
  for (let n = 0; n < 100; n += 1) second.add({ id, partner: edu }, { partner: fin, rule });
  assert.is(second.result().examples.length, 20);
});

test("parts that were counted apart are what was counted together, with the first examples", () => {
  const [all, some, others] = [new Comparison(), new Comparison(), new Comparison()];
  for (let n = 0; n < 30; n += 1) {
    const [from, to] = [n % 3 === 0 ? null : edu, n % 2 === 0 ? fin : null];
    for (const one of [all, n < 13 ? some : others]) one.add({ id, partner: from }, { partner: to, rule });
  }
  for (const one of [all, others]) one.addUnreadable();
  const together = new Comparison();
  for (const one of [some, others]) together.include(one.result());
  assert.equal(together.result(), all.result());
});

test.run();
