import { createHash, randomUUID } from "node:crypto";
import * as assert from "uvu/assert";
import { SUPPRESSION_STREAM_PREFIX } from "#domain/suppression/list.ts";
import { ADMIN_TOKEN } from "../../../test/gateway/gateway.ts";
import { gatewaySuite } from "../../../test/gateway/suite.ts";
import { until } from "../../../test/harness/wait.ts";
import { startCompiler } from "../../compiler/app.ts";
import { startIdentity } from "../../identity/app.ts";
import { startLeads } from "../../leads/app.ts";
import { startProjections } from "../../projections/app.ts";
import { startRelay } from "../../relay/app.ts";

const roles = [startRelay, startCompiler, startIdentity, startLeads, startProjections];
const { test, yard } = await gatewaySuite("suppression lists over HTTP", {}, roles);

for (const id of ["edu", "quiet"])
  await yard.admin("PUT", `/api/partners/${id}`, {
    name: id,
    delivery: { type: "http", url: "http://8.8.8.8/leads" },
  });
const rule = (id: string, priority: number, rules: unknown[], to: string): object => ({
  id,
  name: id,
  priority,
  enabled: true,
  when: { combinator: "and", rules },
  route: { to },
});
await yard.admin("PUT", "/api/rules", {
  rules: [
    rule("quiet", 1, [{ field: "suppressed.stop", operator: "=", value: true }], "quiet"),
    rule("rest", 2, [], "edu"),
  ],
});

const path = "/api/suppressions/stop";
function upload(method: string, ...lines: (object | string)[]) {
  const body = lines.map((line) => (typeof line === "string" ? line : JSON.stringify(line))).join("\n");
  const headers = { authorization: `Bearer ${ADMIN_TOKEN}`, "content-type": "application/x-ndjson" };
  return yard.call(path, { method, headers, body });
}

async function decisionOf(payload: object) {
  const { body: accepted } = await yard.submit(payload);
  return until("it is decided", async () => {
    const { status, body } = await yard.admin("GET", `/api/leads/${accepted.id}/decision`);
    return status === 200 && body.decided_at !== null && body;
  });
}
const ruleFor = async (payload: object): Promise<string> => (await decisionOf(payload)).rule;
/** Routers take a moment to learn of a change. */
const becomes = (rule: string, payload: object) =>
  until(`${JSON.stringify(payload)} goes by ${rule}`, async () => (await ruleFor(payload)) === rule);

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

test("rules are told whom a list names, however it names them, and until when", async () => {
  const put = await upload(
    "PUT",
    { email: " Ann@Example.com" },
    { phone: "+1 (202) 555-0143" },
    { sha256: sha256("eve@example.com").toUpperCase() },
    { email: "past@example.com", expires_at: "2026-01-01T00:00:00Z" },
    { email: "coming@example.com", expires_at: "2999-01-01T00:00:00+01:00" },
    "",
  );
  assert.is(put.status, 200);
  assert.equal([put.body.name, put.body.entries, put.body.expired], ["stop", 5, 1]);
  await becomes("quiet", { email: "ann@example.com" });
  assert.is(await ruleFor({ email: "x@example.com", phone: "202-555-0143", country: "US" }), "quiet");
  assert.is(await ruleFor({ email: "EVE@example.com" }), "quiet");
  assert.is(await ruleFor({ email: "coming@example.com" }), "quiet");
  assert.is(await ruleFor({ email: "past@example.com" }), "rest");
  const other = await decisionOf({ email: "bob@example.com", suppressed: { stop: true } });
  assert.equal([other.rule, other.facts], ["rest", { "suppressed.stop": false }]);
});

test("a list is added to, replaced as a whole, and removed", async () => {
  assert.is(
    (await upload("POST", { email: "new@example.com" }, { email: "ann@example.com" })).body.entries,
    6,
  );
  await becomes("quiet", { email: "new@example.com" });
  assert.is(await ruleFor({ email: "ann@example.com" }), "quiet");
  assert.is((await upload("PUT", { email: "new@example.com" })).body.entries, 1);
  await becomes("rest", { email: "ann@example.com" });
  assert.is(await ruleFor({ email: "new@example.com" }), "quiet");
  const { items } = (await yard.admin("GET", "/api/suppressions")).body;
  assert.equal(
    items.map(({ name, entries }: { name: string; entries: number }) => [name, entries]),
    [["stop", 1]],
  );
  assert.is((await yard.admin("DELETE", path)).status, 204);
  assert.is((await yard.admin("DELETE", path)).status, 404);
  assert.is((await yard.admin("GET", path)).status, 404);
  await becomes("rest", { email: "new@example.com" });
});

test("what is wrong in a line is said with its number, and nothing of the upload counts", async () => {
  const refused = await upload(
    "PUT",
    { email: "ann@example.com" },
    "not json",
    { email: "ann" },
    {},
    { sha256: "x" },
    { email: "bo@example.com", until: "tomorrow" },
  );
  assert.is(refused.status, 422);
  assert.equal(
    refused.body.errors.map((one: { path: string; message: string }) => `${one.path} ${one.message}`),
    [
      "line 2 is no JSON object",
      "line 3 email is not an e-mail address",
      "line 4 needs email, phone or sha256",
      "line 5 sha256 must be the 64 hexadecimal digits of a SHA-256",
      "line 6 until is not known here",
    ],
  );
  assert.not.match(refused.text, /ann@/);
  assert.is((await yard.admin("GET", path)).status, 404);
  assert.is((await yard.call(path, { method: "PUT" })).status, 401);
});

test("a hundred thousand lines are taken, stored as hashes in chunks, and found", async () => {
  const lines = Array.from({ length: 100_000 }, (_, n) => ({ email: `person-${n}@example.com` }));
  let slowest = 0;
  const watching = setInterval(() => {
    const began = performance.now();
    void yard.call("/livez").then(() => {
      slowest = Math.max(slowest, performance.now() - began);
    });
  }, 50);
  const put = await upload("PUT", ...lines);
  clearInterval(watching);
  assert.equal([put.status, put.body.entries], [200, 100_000]);
  assert.ok(slowest < 2_000, `others waited ${slowest} ms`);
  await becomes("quiet", { email: "person-99999@example.com" });
  assert.is(await ruleFor({ email: `${randomUUID()}@example.com` }), "rest");

  let largest = 0;
  const ending = new AbortController();
  const done = Promise.withResolvers<void>();
  yard.eventStore().follow({
    name: "test",
    prefixes: [SUPPRESSION_STREAM_PREFIX],
    from: "start",
    signal: ending.signal,
    onEvents: async (events) => {
      for (const { data } of events) {
        const text = JSON.stringify(data);
        largest = Math.max(largest, text.length);
        assert.not.match(text, /@|person-/);
        assert.not.ok(text.includes(sha256("person-0@example.com")));
      }
    },
    onCaughtUp: done.resolve,
  });
  await done.promise;
  ending.abort();
  assert.ok(largest > 10_000 && largest < 200_000, `the largest chunk has ${largest} bytes`);
});

test.run();
