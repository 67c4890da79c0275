// Every query of every dashboard and every rule, asked of a real Prometheus that scraped a real yard with traffic in it: none fails, and
// what should show something does.
import { randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { until } from "../../test/harness/wait.ts";
import type { Sample } from "../prometheus/fixtures/prometheus.ts";
import { startWatchedYard, type WatchedYard } from "../prometheus/fixtures/watched-yard.ts";
import { type Dashboard, readDashboards } from "./fixtures/dashboards.ts";

const test = suite("panels and rules in a real Prometheus");

/** By dashboard and title, each with the reason. */
const MAY_BE_EMPTY: Readonly<Record<string, string>> = {
  "projections: Caught up per second": "shows only read models that are behind and catching up",
  "projections: Passed over, by projection and reason": "nothing is passed over in a yard that is well",
};
const NO_ENGINE = "EventStoreDB and the exporter of NATS run in containers alone";
const REFUSALS_ONLY = /^switchyard:unavailable:/;

interface Query {
  readonly panel: string;
  readonly expr: string;
}

const isSomething = (samples: readonly Sample[]): boolean =>
  samples.some(({ value: [, value] }) => value !== "NaN");

let yard: WatchedYard;
let isOver = false;
let traffic: Promise<void>;

test.before(async () => {
  yard = await startWatchedYard();
  traffic = sendUntilOver();
});
test.after(async () => {
  isOver = true;
  await traffic?.catch(() => undefined);
  await yard?.stop();
});

/** Steady traffic, which a slow machine keeps up with: what fails is then given up on soon. */
const ROUND_EVERY_MS = 200;

/** Two partners that are well, one of them with duplicates; one that fails for good, one that is paused; and submissions that are refused. */
async function sendUntilOver(): Promise<void> {
  const { client } = yard;
  await yard.behave("fin", { behaviour: "failing", rate: 1 });
  // Its circuit opens before anything is given up on, and opens again after each try: soon enough for dead letters to be seen.
  const circuit = { failure_threshold: 5, open_ms: 500 };
  await yard.configure("fin", { retry: { max_attempts: 2, base_ms: 50, max_ms: 100 }, circuit });
  await yard.configure("fallback", { dedupe: { fields: ["interest"] } });
  await client.admin("POST", "/api/partners/sales/pause", { reason: "to see a queue" });
  while (!isOver) {
    const name = randomUUID();
    const person = { email: `${name}@example.com`, full_name: name };
    await Promise.all([
      client.submit({ ...person, interest: "Education" }),
      client.submit({ ...person, interest: "Finance", country: "US" }),
      client.submit({ ...person, interest: "the same for all" }),
      client.submit({ topic: "sales", description: "Call me" }, { path: "/api/assistance" }),
      client.submit({ interest: "nobody is named" }),
      pause(ROUND_EVERY_MS),
    ]);
  }
}

/** As Grafana fills in its variables: "All" is every value that there is. */
async function queriesOf({ uid, panels, templating }: Dashboard): Promise<readonly Query[]> {
  const values: [name: string, value: string][] = [["__rate_interval", "10s"]];
  const filledIn = (text: string): string =>
    values.reduce((filled, [name, value]) => filled.replaceAll(`$${name}`, value), text);
  for (const { name, definition } of templating.list) {
    if (definition === undefined) continue;
    const [, series = "", label = ""] = /^label_values\((.+), (\w+)\)$/.exec(definition) ?? [];
    const found = await until(`${uid} has values for ${name}`, async () => {
      const all = await yard.prometheus.labelValues(label, filledIn(series));
      return all.length > 0 && all;
    });
    values.push([name, `(${found.join("|")})`]);
  }
  const of = uid.replace("switchyard-", "");
  return panels.flatMap(({ title, targets }) =>
    targets.map(({ expr }) => ({ panel: `${of}: ${title}`, expr: filledIn(expr) })),
  );
}

const reasonOf = ({ panel, expr }: Query): string | undefined =>
  MAY_BE_EMPTY[panel] ?? (/\b(eventstore|jetstream|gnatsd)_/.test(expr) ? NO_ENGINE : undefined);

/** Retries, dead letters and two scrapes of them, on a machine that does other things too. */
const SHOWN_WITHIN_MS = 90_000;

test("every panel's query works, and shows something where there is something to show", async () => {
  const queries = (await Promise.all(readDashboards().map(queriesOf))).flat();
  assert.ok(queries.length >= 60);
  const titles = new Set(queries.map(({ panel }) => panel));
  for (const panel of Object.keys(MAY_BE_EMPTY)) assert.ok(titles.has(panel), panel);

  // Asked even where it may be empty: an error rejects.
  for (const { panel, expr } of queries)
    await yard.prometheus
      .query(expr)
      .catch((error: Error) => assert.unreachable(`${panel}: ${error.message}`));
  let empty = queries.filter((query) => reasonOf(query) === undefined);
  const allShown = async (): Promise<boolean> => {
    const shown = await Promise.all(
      empty.map(async ({ expr }) => isSomething(await yard.prometheus.query(expr))),
    );
    empty = empty.filter((_, at) => !shown[at]);
    return empty.length === 0;
  };
  await until("every panel has shown something", allShown, SHOWN_WITHIN_MS).catch(() => undefined);
  assert.equal(empty, []);
});

test("every recording and alert rule is evaluated, and what is recorded has values", async () => {
  const rules = await until("all rules were evaluated", async () => {
    const all = await yard.prometheus.rules();
    return all.every(({ health }) => health !== "unknown") && all;
  });
  assert.ok(rules.length >= 20);
  for (const { name, health, lastError } of rules) assert.is(health, "ok", `${name}: ${lastError}`);
  for (const { name, type } of rules) {
    if (type !== "recording" || REFUSALS_ONLY.test(name)) continue;
    await until(`${name} has a value`, async () => isSomething(await yard.prometheus.query(name)));
  }
});

test.run();
