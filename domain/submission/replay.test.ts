import * as fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { createCodec } from "#platform/event-store/codec.ts";
import { randomFacts, randomRules } from "../fixtures/random-rules.ts";
import { DeliveryId, PartnerId, RuleId, SourceId, SubmissionId } from "../ids.ts";
import { compileRules, type Decide, loadRules } from "../rules/compile/compile.ts";
import { evaluate } from "../rules/evaluate.ts";
import { type RouteTarget, Rule } from "../rules/rule.ts";
import { type Routing, submissionDecider } from "./decide.ts";
import { type SubmissionEvent, submissionEvents } from "./events.ts";
import { factsOf, type PartnerState, routeAgain, routeBy, seedOf } from "./route.ts";
import { type LookedUp, Submission } from "./submission.ts";

// What is recorded of a decision is enough to take it again: whatever the rules, the partners of that moment and the submission, from
// the stored event alone the same partner follows.

const test = suite("a recorded decision");

const names = ["edu", "fin", "bank", "constructor", "gone"].map((id) => PartnerId.parse(id));
const name = fc.constantFrom(...names);
const route: fc.Arbitrary<RouteTarget> = fc.oneof(
  fc.record({ to: name }),
  fc.record({ waterfall: fc.array(name, { minLength: 1, maxLength: 4 }) }),
  fc.record({ ask: fc.constantFrom("picker", "other") }),
  fc.record({
    split: fc.array(fc.record({ to: name, weight: fc.double({ min: 0.1, max: 9, noNaN: true }) }), {
      minLength: 1,
      maxLength: 4,
    }),
  }),
);
const anything = { combinator: "and", rules: [] };
const lookedUpRule = Rule.parse({
  id: "looked-up",
  name: "Looked up",
  priority: 0,
  enabled: true,
  when: {
    combinator: "or",
    rules: [
      { field: "person.lead_count", operator: ">=", value: 18 },
      { field: "context.order.total", operator: "<", value: 20 },
      { field: "suppressed.never", operator: "=", value: true },
    ],
  },
  route: { to: "edu" },
});
const ruleset = fc
  .tuple(
    randomRules(3),
    fc.array(route, { minLength: 3, maxLength: 3 }),
    route,
    fc.constantFrom(true, true, false),
  )
  .map(([rules, routes, last, hasLast]): Rule[] => [
    lookedUpRule,
    ...rules.map((rule, n) => ({ ...rule, route: routes[n] as RouteTarget })),
    ...(hasLast
      ? [Rule.parse({ id: "last", name: "Last", priority: 9, enabled: true, when: anything, route: last })]
      : []),
  ]);
const states = fc.array(fc.constantFrom<PartnerState>("open", "open", "disabled", "unknown"), {
  minLength: names.length,
  maxLength: names.length,
});
const lookedUp: fc.Arbitrary<LookedUp> = fc.record(
  {
    person: fc.record({ lead_count: fc.integer({ min: 1, max: 20 }) }),
    context: fc.record({ order: fc.record({ total: fc.integer({ min: 0, max: 200 }) }) }),
    suppressed: fc.record({ never: fc.constantFrom(true, false, false, false, false) }),
  },
  { requiredKeys: [] },
);
const id = fc.uuid().map((uuid) => SubmissionId.parse(uuid));
const codec = createCodec(submissionEvents);
const at = "2026-01-01T00:00:00.000Z";
const sealed = { key: "k", iv: "i", tag: "t", data: "d" };

/** The events of a lead as they come back from the log. */
function stored(submission_id: SubmissionId, routing: Routing) {
  const source = SourceId.parse("demo");
  const received = submissionDecider.evolve(undefined, {
    type: "SubmissionReceived",
    data: {
      submission_id,
      kind: "lead",
      source,
      received_at: at,
      fingerprint: "f",
      key_fingerprint: "k",
      sealed,
    },
  });
  const deliveryId = () => DeliveryId.parse("6b1f0a52-3333-8000-8000-00000000ed01");
  const decision = submissionDecider.decide(
    { type: "identify", person: { match: "nobody" }, sealed, routing, deliveryId },
    received,
  );
  assert.ok(decision.accepted);
  return decision.events.map((event): SubmissionEvent => {
    const { type, data } = codec.encode(event, { id: submission_id, at });
    const raw = { stream: "s", revision: 1n, type, version: 2, data: JSON.parse(JSON.stringify(data)) };
    const decoded = codec.decode(event.type === "PersonIdentified" ? { ...raw, version: 1 } : raw);
    assert.ok(decoded.known);
    return (decoded as { event: SubmissionEvent }).event;
  });
}

test("leads to the same partner again, whatever has changed since", () => {
  let splits = 0;
  let closed = 0;
  let asks = 0;
  void fc.assert(
    fc.property(
      id,
      ruleset,
      states,
      randomFacts,
      lookedUp,
      name,
      (submission_id, rules, partners, payload, looked_up, chosen) => {
        const submission = Submission.parse({
          kind: "lead",
          source: SourceId.parse("demo"),
          received_at: at,
          idempotency_key: "k",
          // As it comes: no JSON says NaN.
          payload: JSON.parse(JSON.stringify(payload)),
          normalised: {},
          looked_up,
        });
        const partner = (one: PartnerId): PartnerState => partners[names.indexOf(one)] ?? "open";
        const compiled = loadRules(compileRules(rules).source, rules);
        const circumstances = { at, seed: seedOf(submission_id) };
        const routable = { decide: compiled, version: 3, partner };
        let routing = routeBy(routable, circumstances, factsOf(submission));
        if ("ask" in routing) {
          const asked = { service: routing.ask, partner: chosen, reason: "it is near" };
          routing = routeBy(routable, { ...circumstances, asked }, factsOf(submission));
          asks += 1;
        }
        if ("blocked" in routing) return;
        assert.not.ok("ask" in routing, "an answer is not asked for again");
        const event = stored(submission_id, routing as Routing).at(-1);
        assert.ok(event?.type === "SubmissionRouted" || event?.type === "SubmissionUnrouted");
        const { decided } = event.data;
        assert.ok(decided);
        closed += decided.closed.length;
        const opened = Submission.parse(JSON.parse(JSON.stringify(submission)));
        const plain: Decide = (facts) => evaluate(rules, facts).rule;
        const again = routeAgain({ decide: plain, version: 3 }, decided, factsOf(opened));
        assert.equal(again, routing);
        if (event.type === "SubmissionUnrouted") return;
        const { partner: first, remaining, rule } = event.data.route;
        assert.equal("partners" in again && again.partners, [first, ...remaining]);
        const decidedBy = rules.find((one) => one.id === RuleId.parse(rule));
        if (decidedBy && "split" in decidedBy.route) splits += 1;
      },
    ),
    { numRuns: 2_000 },
  );
  const met = { splits, closed, asks };
  for (const [what, count] of Object.entries(met)) assert.ok(count > 100, `${count} ${what}`);
});

test.run();
