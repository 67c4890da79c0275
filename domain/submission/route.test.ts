import { suite } from "uvu";
import * as assert from "uvu/assert";
import { PartnerId, RuleId, SourceId, SubmissionId } from "../ids.ts";
import type { RouteTarget, Rule } from "../rules/rule.ts";
import { factsOf, type PartnerState, routeBy, seedOf } from "./route.ts";

const id = SubmissionId.parse("6b1f0a52-1111-8000-8000-000000000001");
const partners: Record<string, PartnerState> = { edu: "open", fin: "open", old: "disabled" };
const partner = (one: string): PartnerState => partners[one] ?? "unknown";
const rule = (route: RouteTarget): Rule => ({
  id: RuleId.parse("only"),
  name: "Only",
  priority: 1,
  enabled: true,
  when: { combinator: "and", rules: [] },
  route,
});
const by = (route: RouteTarget, one = id) =>
  routeBy({ decide: () => rule(route), version: 4, partner }, { at, seed: seedOf(one) }, {});
const at = "2026-01-01T00:00:00.000Z";
const decided = { at, seed: 1, closed: [] };
const names = (...list: string[]): PartnerId[] => list.map((one) => PartnerId.parse(one));
const [edu, fin, old] = [PartnerId.parse("edu"), PartnerId.parse("fin"), PartnerId.parse("old")];

const test = suite("routing by the rules");

test("goes where the rule says, with the version that said so", () => {
  assert.equal(by({ to: edu }), { partners: names("edu"), rule: "only", version: 4, decided });
});

test("is unrouted where no rule matches", () => {
  assert.equal(routeBy({ decide: () => undefined, version: 0, partner }, { at, seed: 1 }, {}), {
    partners: null,
    reason: "no_rule_matched",
    version: 0,
    decided,
  });
});

test("leaves out of a waterfall who takes nothing", () => {
  assert.equal(by({ waterfall: names("old", "fin", "gone", "edu") }), {
    partners: names("fin", "edu"),
    rule: "only",
    version: 4,
    decided: {
      ...decided,
      closed: [
        { partner: "old", state: "disabled" },
        { partner: "gone", state: "unknown" },
      ],
    },
  });
});

test("keeps for later who is disabled now, behind who takes it", () => {
  const routing = by({ waterfall: names("edu", "old", "gone", "fin") });
  assert.equal("partners" in routing && routing.partners, names("edu", "old", "fin"));
});

test("is blocked, and says why, where nobody is left", () => {
  assert.equal(by({ to: old }), { blocked: "rule only leads nowhere: partner old is disabled" });
});

test("splits by weight, and always the same for the same submission", () => {
  const split = {
    split: [
      { to: edu, weight: 1 },
      { to: fin, weight: 3 },
      { to: old, weight: 9 },
    ],
  };
  const counts: Record<string, number> = {};
  for (let n = 0; n < 4_000; n += 1) {
    const tail = Math.imul(n, 2_654_435_761) >>> 0;
    const one = SubmissionId.parse(`6b1f0a52-1111-8000-8000-0000${tail.toString(16).padStart(8, "0")}`);
    const routing = by(split, one);
    assert.equal(by(split, one), routing);
    const [first] = "partners" in routing ? (routing.partners ?? []) : [];
    counts[first ?? "none"] = (counts[first ?? "none"] ?? 0) + 1;
  }
  assert.equal(Object.keys(counts).sort(), ["edu", "fin"]);
  assert.ok(Math.abs((counts.edu ?? 0) - 1_000) < 100, `a quarter goes to edu: ${counts.edu}`);
});

test("asks rules about normalised fields before raw ones", () => {
  const facts = factsOf({
    kind: "lead",
    source: SourceId.parse("demo"),
    received_at: "2026-01-01T00:00:00.000Z",
    idempotency_key: "k",
    payload: { email: " Ann@Example.com", interest: "Education" },
    normalised: { email: "ann@example.com" },
  });
  assert.equal(facts, { email: "ann@example.com", interest: "Education", kind: "lead", source: "demo" });
});

test("reads what was looked up, and never a field of the body in its place", () => {
  const submission = {
    kind: "event" as const,
    source: SourceId.parse("demo"),
    received_at: at,
    idempotency_key: "k",
    payload: {
      kind: "lead",
      source: "other",
      person: { lead_count: 9 },
      context: { order: { total: 1 } },
      suppressed: { list: true },
    },
    normalised: {},
  };
  assert.equal(factsOf(submission), { kind: "event", source: "demo" });
  const looked_up = {
    person: { lead_count: 2 },
    context: { order: { total: 80 } },
    suppressed: { list: false },
  };
  assert.equal(factsOf({ ...submission, looked_up }), { kind: "event", source: "demo", ...looked_up });
});

test.run();
