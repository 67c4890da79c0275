import { Readable } from "node:stream";
import type { Worker } from "node:worker_threads";
import * as assert from "uvu/assert";
import { personKey } from "#domain/seal-contexts.ts";
import { ADMIN_TOKEN } from "../../../test/gateway/gateway.ts";
import { gatewaySuite } from "../../../test/gateway/suite.ts";
import { until } from "../../../test/harness/wait.ts";
import { appendHistory, type Past, pastIds } from "../../../test/rules/history.ts";

const { test, yard, parts } = await gatewaySuite("back-tests over HTTP");

const rule = (id: string, rules: unknown[], to: string): Record<string, unknown> => ({
  id,
  name: id,
  priority: 1,
  enabled: true,
  when: { combinator: "and", rules },
  route: { to },
});
const is = (field: string, value: unknown) => ({ field, operator: "=", value });
const rules = [
  rule("study", [is("interest", "Education")], "school"),
  rule("often", [{ field: "person.lead_count", operator: ">", value: 2 }], "loyal"),
];

const education = { interest: "Education" };
const history: Past[] = [
  { payload: education, partner: "school" },
  { payload: education, partner: "edu" },
  { payload: {}, partner: "edu", looked_up: { person: { lead_count: 3 } } },
  { payload: education, partner: null },
  { payload: {}, partner: null },
  // What was not recorded is taken from the payload alone, and no field of the payload stands in for it.
  { payload: { person: { lead_count: 9 } }, partner: "edu", recorded: false },
  { payload: education, partner: "edu", recorded: false },
  { payload: education, partner: "edu" },
];
const id = (n: number): string => pastIds("history", n).id;
let before = 0n;
test.before(async () => {
  await appendHistory(yard, "history", history.length, (n) => history[n] as Past);
  before = await yard.eventStore().head();
  // The last one's person is forgotten.
  await (await yard.vault()).destroy([personKey(pastIds("history", 7).person)]);
});

const linesOf = (text: string) =>
  text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));

test("a draft is held against every decision of the log, with progress, and says what it can't know", async () => {
  const { status, headers, text } = await yard.admin("POST", "/api/rules/backtest", { rules });
  assert.is(status, 200);
  assert.is(headers["content-type"], "application/x-ndjson");
  const lines = linesOf(text);
  assert.match(lines[0].note, "can't be replayed");
  const steps = lines.slice(0, -1).map(({ progress }) => progress);
  assert.is(steps[0].done, 0);
  assert.is(steps.at(-1).done, steps.at(-1).total);
  const { result } = lines.at(-1);
  const { total, changed, unreadable, partners, unrouted, examples } = result;
  assert.equal([total, changed, unreadable], [7, 5, 1]);
  const counts = Object.entries(partners as Record<string, Record<string, number>>);
  assert.equal(counts.map(([partner, { now, then: later }]) => [partner, now, later]).sort(), [
    ["edu", 4, 0],
    ["loyal", 0, 1],
    ["school", 1, 4],
  ]);
  assert.equal([unrouted.now, unrouted.then], [2, 2]);
  assert.equal(
    examples.map((one: Record<string, unknown>) => [one.id, one.from, one.to, one.rule]).sort(),
    [
      [id(1), "edu", "school", "study"],
      [id(2), "edu", "loyal", "often"],
      [id(3), null, "school", "study"],
      [id(5), "edu", null, null],
      [id(6), "edu", "school", "study"],
    ].sort(),
  );
});

test("only the decisions between two times, or two positions, are taken", async () => {
  const later = "2026-03-01T10:00:00.000Z";
  await appendHistory(yard, "later", 2, () => ({ payload: education, partner: "edu", at: later }));
  const totalOf = async (part: object): Promise<number> => {
    const { text } = await yard.admin("POST", "/api/rules/backtest", { rules, ...part });
    return linesOf(text).at(-1).result.total;
  };
  assert.is(await totalOf({ from: "2026-02-01" }), 2);
  assert.is(await totalOf({ from: later, to: later }), 2);
  assert.is(await totalOf({ to: "2026-02-01" }), 7);
  assert.is(await totalOf({ from: `${before + 1n}` }), 2);
  assert.is(await totalOf({ to: `${before}` }), 7);
  assert.is(await totalOf({ from: "2027-01-01" }), 0);
  const odd = await yard.admin("POST", "/api/rules/backtest", { rules, from: "tomorrow-ish" });
  assert.equal([odd.status, odd.body.errors[0].path], [400, "from"]);
  assert.is((await yard.admin("POST", "/api/rules/backtest", { rules: [{}] })).status, 422);
});

test("ends when its reader leaves, and until then the same person begins no other", async () => {
  const leaving = new AbortController();
  parts.freeze();
  try {
    const response = await fetch(`${yard.url}/api/rules/backtest`, {
      method: "POST",
      headers: { authorization: `Bearer ${ADMIN_TOKEN}`, "content-type": "application/json" },
      body: JSON.stringify({ rules }),
      signal: leaving.signal,
    });
    assert.is(response.status, 200);
    const reading = Readable.fromWeb(response.body as never).on("error", () => undefined);
    const second = await yard.admin("POST", "/api/rules/backtest", { rules });
    assert.is(second.status, 409);
    assert.match(second.body.detail, "under way");
    assert.not.ok(yard.logged().includes('"finished":false'));
    leaving.abort();
    reading.destroy();
    // While the store still does nothing: nobody waits for it.
    await until("the back-test has ended", () => yard.logged().includes('"finished":false'));
  } finally {
    parts.thaw();
  }
  const { status, text } = await yard.admin("POST", "/api/rules/backtest", { rules });
  assert.is(status, 200);
  assert.is(linesOf(text).at(-1).result.unreadable, 1);
});

/** How many connections there are to the database, this one not counted. */
async function connections(): Promise<number> {
  const [row] = await yard
    .database()
    .query<{ count: bigint }>(
      "select count(*) from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()",
    );
  return Number(row?.count);
}

async function brokenOff(whileUnderWay: () => void): Promise<void> {
  const response = await fetch(`${yard.url}/api/rules/backtest`, {
    method: "POST",
    headers: {
      authorization: `Bearer ${ADMIN_TOKEN}`,
      "content-type": "application/json",
      connection: "close",
    },
    body: JSON.stringify({ rules }),
  });
  assert.is(response.status, 200);
  whileUnderWay();
  const lines = linesOf(await response.text());
  assert.match(lines.at(-1).error, "broke off");
  assert.not.ok(lines.some((line) => "result" in line));
}

test("tells its reader when its thread dies, and leaves nothing behind", async () => {
  const connected = await connections();
  const threads: Worker[] = [];
  const note = (thread: Worker): void => void threads.push(thread);
  process.on("worker", note);
  parts.freeze();
  try {
    await brokenOff(() => void threads[0]?.terminate());
  } finally {
    process.off("worker", note);
    parts.thaw();
  }
  assert.equal(
    threads.map(({ threadId }) => threadId),
    [-1],
  );
  await until("its connections are gone", async () => (await connections()) <= connected);
  assert.is((await yard.admin("POST", "/api/rules/backtest", { rules })).status, 200);
});

test("tells its reader when what decides can't go on", async () => {
  const connected = await connections();
  const { id: submission } = pastIds("newer", 1);
  const data = { written: "by a newer release" };
  const metadata = { schema: 99, at: "2026-01-01T00:00:00.000Z" };
  const event = { id: submission, type: "SubmissionRouted", data, metadata };
  await yard.eventStore().append(`submission-${submission}`, "no_stream", [event]);
  await brokenOff(() => undefined);
  await until("its connections are gone", async () => (await connections()) <= connected);
  // The same person may begin another, up to where it can be read.
  const { status, text } = await yard.admin("POST", "/api/rules/backtest", { rules, to: `${before}` });
  assert.equal([status, "result" in linesOf(text).at(-1)], [200, true]);
});

test("held against the rules in force, a draft has no part in what was changed before it", async () => {
  const school = { name: "Edu", delivery: { type: "http", url: "http://8.8.8.8/leads" } };
  assert.is((await yard.admin("PUT", "/api/partners/edu", school)).status, 200);
  const inForce = rule("all", [], "edu");
  assert.is((await yard.admin("PUT", "/api/rules", { rules: [inForce] })).status, 200);
  const against = async (draft: object[]) => {
    const body = { rules: draft, against: "in_force", to: `${before}` };
    return linesOf((await yard.admin("POST", "/api/rules/backtest", body)).text).at(-1).result;
  };
  const same = await against([inForce]);
  assert.equal([same.total, same.changed, same.examples], [7, 0, []]);
  const { changed, partners, unrouted, examples } = await against([
    rule("study", [is("interest", "Education")], "school"),
    rule("never", [is("interest", "Nothing")], "fin"),
    { ...inForce, priority: 9 },
  ]);
  assert.is(changed, 4);
  const figures = ({ now, then: later, went }: Record<string, number>) => [now, later, went];
  assert.equal(
    Object.entries(partners as Record<string, Record<string, number>>)
      .map(([partner, counts]) => [partner, ...figures(counts)])
      .sort(),
    [
      ["edu", 7, 3, 4],
      ["fin", 0, 0, 0],
      ["school", 0, 4, 1],
    ],
  );
  assert.equal(figures(unrouted), [0, 0, 2]);
  assert.ok(examples.every(({ from, to }: Record<string, unknown>) => from === "edu" && to === "school"));
});

test.run();
