import { randomUUID } from "node:crypto";
import * as assert from "uvu/assert";
import { parseSecret, signedHeaders } from "#platform/webhooks.ts";
import { gatewaySuite } from "../../../test/gateway/suite.ts";
import { until } from "../../../test/harness/wait.ts";
import { startCompiler } from "../../compiler/app.ts";
import { startIdentity } from "../../identity/app.ts";
import { startLeads } from "../../leads/app.ts";
import { startPartners } from "../../partners/app.ts";
import { startProjections } from "../../projections/app.ts";
import { startRelay } from "../../relay/app.ts";
import { createSimulator } from "../../simulator/app.ts";

const roles = [startRelay, startCompiler, startIdentity, startLeads, startPartners, startProjections];
const { test, yard, atEnd } = await gatewaySuite(
  "the decision of a lead over HTTP",
  { allowPrivatePartners: true },
  roles,
);
const simulator = await createSimulator();
atEnd(() => simulator.close());

const behave = (name: string, settings: object) =>
  fetch(`${simulator.url}/partners/${name}`, { method: "PUT", body: JSON.stringify(settings) });
for (const id of ["edu", "fin", "bank", "idle", "other"]) {
  await yard.admin("PUT", `/api/partners/${id}`, {
    name: id,
    delivery: { type: "http", url: `${simulator.url}/partners/${id}` },
    response: { reason_path: "reason" },
  });
}
await behave("fin", { behaviour: "rejecting", reason: "not wanted" });

const rule = (id: string, priority: number, rules: unknown[], route: object): object => ({
  id,
  name: `Rule ${id}`,
  priority,
  enabled: true,
  when: { combinator: "and", rules },
  route,
});
const interestIs = (value: string) => ({ field: "interest", operator: "=", value });
const education = rule("education", 1, [interestIs("Education")], { to: "edu" });

const money = rule(
  "money",
  2,
  [{ field: "phone", operator: "notNull", value: null }, interestIs("Finance")],
  { waterfall: ["fin", "bank", "idle"] },
);
const rest = rule("rest", 3, [], { to: "other" });
const abroad = rule("abroad", 4, [{ field: "country", operator: "=", value: "FR" }], { to: "other" });

async function put(rules: object[], reason?: string): Promise<number> {
  const { status, body } = await yard.admin("PUT", "/api/rules", {
    rules,
    ...(reason !== undefined && { reason }),
  });
  assert.is(status, 200);
  return body.version;
}

/** Sends one, and waits until it has ended under the rules of this version. */
async function endedUnder(version: number, payload: object) {
  return until("a lead is decided by the newest rules", async () => {
    const { body: accepted } = await yard.submit({ email: `${randomUUID()}@example.com`, ...payload });
    const decision = await until("it has ended", async () => {
      const { status, body } = await yard.admin("GET", `/api/leads/${accepted.id}`);
      if (status !== 200 || !["delivered", "rejected", "unrouted"].includes(body.status)) return false;
      return (await yard.admin("GET", `/api/leads/${accepted.id}/decision`)).body;
    });
    return decision.rules_version === version && decision;
  });
}

test("it is explained with the rules of its version, and with what became of each partner, never with today's", async () => {
  const version = await put([education, money, rest, abroad], "spring campaign");
  const decision = await endedUnder(version, { interest: "finance ", phone: "+1 202 555 0143" });
  const because = { field: "interest", operator: "=", expected: "Education", actual: "finance " };
  const expected = {
    rule: "money",
    partner: "bank",
    recorded: true,
    facts: { interest: "finance ", phone: "+12025550143", country: null },
    explanation: [
      { rule: "education", name: "Rule education", matched: false, because },
      {
        rule: "money",
        name: "Rule money",
        matched: true,
        because: { ...because, expected: "Finance" },
        predicates: [
          { field: "phone", operator: "notNull", expected: null, actual: "+12025550143", matched: true },
          { ...because, expected: "Finance", matched: true },
        ],
      },
    ],
    later: [
      { rule: "rest", name: "Rule rest", matched: true, because: null },
      {
        rule: "abroad",
        name: "Rule abroad",
        matched: false,
        because: { field: "country", operator: "=", expected: "FR", actual: null },
      },
    ],
    made: { by: "admin", reason: "spring campaign" },
    others: [
      { partner: "edu", reason: "its_rules_did_not_match", rules: [{ rule: "education", because }] },
      { partner: "fin", reason: "its_turn_is_over", rule: "money", because: "not wanted" },
      { partner: "idle", reason: "later_in_the_waterfall", rule: "money", position: 3 },
      {
        partner: "other",
        reason: "an_earlier_rule_decided",
        rule: "rest",
        decided_by: "money",
        would_have_matched: true,
        because: null,
      },
    ],
  };
  const told = ({ rule, partner, recorded, facts, explanation, ...rest }: typeof decision) => ({
    rule,
    partner,
    recorded,
    facts,
    explanation,
    later: rest.later,
    made: { by: rest.rules_made.by, reason: rest.rules_made.reason },
    others: rest.others,
  });
  assert.equal(told(decision), expected);
  assert.ok(Date.parse(decision.rules_made.at) <= Date.parse(decision.decided_at));

  await yard.admin("PUT", "/api/partners/late", {
    name: "Late",
    delivery: { type: "http", url: `${simulator.url}/partners/late` },
  });
  await put([rule("all", 1, [], { to: "late" })]);
  const later = (await yard.admin("GET", `/api/leads/${decision.id}/decision`)).body;
  assert.equal(later, decision);
});

test("a lead that no rule matched is told each predicate that it failed", async () => {
  const version = await put([education]);
  const decision = await endedUnder(version, { interest: "Art" });
  assert.equal(
    [decision.rule, decision.partner, decision.route, decision.reason],
    [null, null, null, "no_rule_matched"],
  );
  assert.equal(decision.explanation[0].because.actual, "Art");
  const reasons = decision.others.map((one: { reason: string }) => one.reason);
  assert.ok(reasons.includes("no_rule_routes_to_it") && reasons.includes("its_rules_did_not_match"));
});

test("its source reads reasons, and nothing of how partners are configured; others read nothing", async () => {
  const version = await put([education, money, rest]);
  const { id } = await endedUnder(version, { interest: "Finance", phone: "+1 202 555 0144" });
  const path = `/api/leads/${id}/decision`;
  const signed = signedHeaders(parseSecret(yard.secret), randomUUID(), `GET ${path}`);
  const { status, body } = await yard.call(path, { headers: { "x-source": "demo", ...signed } });
  assert.is(status, 200);
  assert.equal([body.rule, body.partner], ["money", "bank"]);
  assert.not.ok("route" in body || "facts" in body || "rules_made" in body || "later" in body);
  for (const verdict of body.explanation) assert.equal(Object.keys(verdict), ["rule", "matched", "because"]);
  for (const other of body.others) assert.equal(Object.keys(other), ["partner", "reason"]);

  await yard.admin("PUT", "/api/sources/other", { name: "Other" });
  const { body: made } = await yard.admin("POST", "/api/sources/other/secrets");
  const theirs = signedHeaders(parseSecret(made.secret), randomUUID(), `GET ${path}`);
  assert.is((await yard.call(path, { headers: { "x-source": "other", ...theirs } })).status, 404);
  assert.is((await yard.call(path)).status, 401);
  assert.is((await yard.admin("GET", `/api/leads/${randomUUID()}/decision`)).status, 404);
});

test.run();
