import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Sealed } from "#domain/event.ts";
import { PartnerId, type SubmissionId } from "#domain/ids.ts";
import { evaluate } from "#domain/rules/evaluate.ts";
import { type RouteTarget, Rule } from "#domain/rules/rule.ts";
import { submissionContext } from "#domain/seal-contexts.ts";
import { Decided, Route } from "#domain/submission/events.ts";
import { factsOf, routeAgain } from "#domain/submission/route.ts";
import { Submission } from "#domain/submission/submission.ts";
import { newUuid } from "#platform/ids.ts";
import { startIdentity } from "../../services/identity/app.ts";
import { startLeads } from "../../services/leads/app.ts";
import { startRelay } from "../../services/relay/app.ts";
import { createSimulator, type Simulator } from "../../services/simulator/app.ts";
import { until } from "../harness/wait.ts";
import { dataIn, startTestYard, type TestYard } from "./yard.ts";

// Rules and partners change all the time while submissions come in: each is routed once, and what is recorded of each decision leads to
// the same partner again, by the rules of its version.

const test = suite("rules that change under load");
const LEADS = 600;
const CHANGES = 20;
let yard: TestYard;
let simulator: Simulator;

const names = ["edu", "fin", "bank"].map((id) => PartnerId.parse(id));
const nth = <T>(list: readonly T[], n: number): T => list[n % list.length] as T;

/** Another set for each n: every way of routing, in turns, on what was looked up and on the payload. */
function rulesOf(n: number): Rule[] {
  const [a, b, c] = [nth(names, n), nth(names, n + 1), nth(names, n + 2)];
  const rule = (
    id: string,
    priority: number,
    field: string,
    operator: string,
    value: unknown,
    route: RouteTarget,
  ) =>
    Rule.parse({
      id,
      name: id,
      priority,
      enabled: true,
      when: { combinator: "and", rules: [{ field, operator, value }] },
      route,
    });
  const split = {
    split: [
      { to: a, weight: 1 + (n % 3) },
      { to: b, weight: 2 },
      { to: c, weight: 1 },
    ],
  };
  return [
    rule("again", 1, "person.lead_count", ">", 2 + (n % 3), { waterfall: [b, c, a] }),
    rule("asked", 2, "score", "<", 15, { ask: "picker" }),
    rule("none", 3, "score", ">", 97, { to: a }),
    rule("shared", 4, "score", "<=", 80 + (n % 8), split),
  ];
}

test.before(async () => {
  [yard, simulator] = await Promise.all([startTestYard(), createSimulator()]);
  for (const name of names) await yard.partner(name);
  const url = `${simulator.url}/partners/picker`;
  await fetch(url, { method: "PUT", body: JSON.stringify({ chooses: "bank", delay_ms: 50 }) });
  await yard.service("picker", { url });
});
test.after(async () => {
  await yard?.stop();
  await simulator?.close();
});

test("every submission is routed once, and its decision can be taken again", async () => {
  const rules = new Map<number, readonly Rule[]>();
  const change = async (n: number): Promise<void> => {
    const set = rulesOf(n);
    rules.set(await yard.rules(...set), set);
    // One of them takes nothing for a while, in turns.
    await Promise.all(names.map((name, at) => yard.partner(name, at !== n % (names.length + 1))));
  };
  await change(0);
  await Promise.all([
    yard.start("one", startRelay, startIdentity, startLeads),
    yard.start("two", startIdentity, startLeads),
  ]);

  const ids: SubmissionId[] = [];
  const wave = LEADS / CHANGES;
  for (let n = 1; n <= CHANGES; n += 1) {
    const received = Array.from({ length: wave }, (_, at) => {
      const score = (n * wave + at * 7) % 100;
      // Some come again and again, so that leads are counted.
      const email = at % 3 === 0 ? "again@example.com" : `${newUuid()}@example.com`;
      return yard.receive({ email, phone: "+15550100" }, { payload: { score, person: { lead_count: 50 } } });
    });
    const [some] = await Promise.all([Promise.all(received), change(n)]);
    ids.push(...some);
  }

  const met = { versions: new Set<number>(), rules: new Set<string>(), unrouted: 0, closed: 0 };
  const vault = await yard.own.vault();
  for (const id of ids) {
    const history = await until(`${id} is decided`, async () => {
      const events = await yard.history(id);
      return /^Submission(Routed|Unrouted)$/.test(events.at(-1)?.type ?? "") && events;
    });
    const types = history.map(({ type }) => type);
    assert.is(types.filter((type) => /Routed|Unrouted|DeadLettered/.test(type)).length, 1, `${types}`);
    assert.is(types.filter((type) => type === "PersonIdentified").length, 1, `${types}`);

    const last = history.at(-1)?.type as string;
    const data = dataIn(history, last);
    const sealed = (data.sealed ?? dataIn(history, "PersonIdentified").sealed) as Sealed;
    const submission = Submission.parse(await vault.open(sealed, submissionContext(id)));
    const decided = Decided.parse(data.decided);
    const route = last === "SubmissionRouted" ? Route.parse(data.route) : undefined;
    const version = route?.ruleset_version ?? (data.ruleset_version as number);
    const set = rules.get(version);
    assert.ok(set, `version ${version} was put`);
    const decide = (facts: ReturnType<typeof factsOf>) => evaluate(set, facts).rule;
    const again = routeAgain({ decide, version }, decided, factsOf(submission));
    assert.ok("partners" in again, JSON.stringify(again));
    assert.equal(again.partners, route === undefined ? null : [route.partner, ...route.remaining]);
    if (again.partners !== null) {
      assert.is(again.rule, route?.rule);
      met.rules.add(again.rule);
    } else met.unrouted += 1;
    met.versions.add(version);
    met.closed += decided.closed.length;
  }
  assert.is(new Set(ids).size, LEADS);
  assert.equal([...met.rules].sort(), ["again", "asked", "none", "shared"]);
  assert.ok(met.versions.size > 3, `${met.versions.size} versions decided`);
  assert.ok(met.closed > 10 && met.unrouted > 10, `${met.closed} closed, ${met.unrouted} unrouted`);
});

test.run();
