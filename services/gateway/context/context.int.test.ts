import { randomUUID } from "node:crypto";
import * as assert from "uvu/assert";
import { CONTEXT_STREAM_PREFIX } from "#domain/context/context.ts";
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
const { test, yard, atEnd } = await gatewaySuite("context over HTTP", { allowPrivatePartners: true }, roles);
const simulator = await createSimulator();
atEnd(() => simulator.close());

for (const id of ["big", "small"])
  await yard.admin("PUT", `/api/partners/${id}`, {
    name: id,
    delivery: {
      type: "http",
      url: `${simulator.url}/partners/${id}`,
      body: { order: "{{order_id}}", to: "{{context.order.address.city}}", lines: "{{context.order.lines}}" },
    },
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
    rule("big", 1, [{ field: "context.order.total", operator: ">=", value: 100 }], "big"),
    rule("rest", 2, [], "small"),
  ],
});

function asSource(source: string, secret: string, method: string, path: string, body?: object) {
  const text = body === undefined ? `${method} ${path}` : JSON.stringify(body);
  const signed = signedHeaders(parseSecret(secret), randomUUID(), text);
  return yard.call(path, {
    method,
    headers: {
      "x-source": source,
      ...signed,
      ...(body !== undefined && { "content-type": "application/json" }),
    },
    ...(body !== undefined && { body: text }),
  });
}
const asDemo = (method: string, path: string, body?: object) =>
  asSource("demo", yard.secret, method, path, body);

async function decisionOf(payload: object) {
  const body = { type: "order.paid", ...payload };
  const { status, body: accepted } = await yard.submit(body, { path: "/api/events" });
  assert.is(status, 202);
  return until("it is delivered", async () => {
    const { body: lead } = await yard.admin("GET", `/api/leads/${accepted.id}`);
    return (
      lead?.status === "delivered" && (await yard.admin("GET", `/api/leads/${accepted.id}/decision`)).body
    );
  });
}

test("what is put before a submission is sent is seen by rules and templates, in its newest version", async () => {
  const path = "/api/context/order/A-1";
  // Routers learn of a kind that is new within moments, as of any configuration.
  await asDemo("PUT", "/api/context/order/first", { total: 100 });
  await until("the kind is known", async () => (await decisionOf({ order_id: "first" })).rule === "big");

  for (let n = 0; n < 5; n += 1) {
    const total = n % 2 === 0 ? 150 : 50;
    const put = await asDemo("PUT", path, { total, address: { city: "Ada's town" }, lines: [n] });
    assert.is(put.status, 200);
    const decision = await decisionOf({ order_id: "A-1" });
    assert.equal(
      [decision.rule, decision.facts],
      [n % 2 === 0 ? "big" : "rest", { "context.order.total": total }],
    );
  }
  const { items } = (await (await fetch(`${simulator.url}/partners/big/requests`)).json()) as {
    items: { body: string }[];
  };
  assert.equal(JSON.parse(items.at(-1)?.body ?? ""), { order: "A-1", to: "Ada's town", lines: [4] });
});

test("nothing in a payload stands in place of context, and what names nothing has none", async () => {
  for (const payload of [
    { context: { order: { total: 999 } } },
    { order_id: "unknown", context: { order: { total: 999 } } },
    { "context.order.total": 999 },
    { order_id: "" },
  ]) {
    const decision = await decisionOf(payload);
    assert.equal([decision.rule, decision.facts], ["rest", { "context.order.total": null }]);
  }
  await asDemo("PUT", "/api/context/order/77", { total: 500 });
  const forged = { order: { address: { city: "forged" }, lines: ["forged"] } };
  const decision = await decisionOf({ order_id: 77, context: forged });
  assert.is(decision.rule, "big", "a number names what its text names");
  const { items } = (await (await fetch(`${simulator.url}/partners/big/requests`)).json()) as {
    items: { body: string }[];
  };
  const sent = items.map(({ body }) => JSON.parse(body)).find(({ order }) => order === 77);
  assert.equal(sent, { order: 77 }, "nor in a template");
});

test("it is read by who keeps it and by admins, and by nobody once it is removed", async () => {
  const path = "/api/context/order/B%2F2";
  await asDemo("PUT", path, { total: 1, email: "ann@example.com" });
  assert.equal((await asDemo("GET", path)).body, { total: 1, email: "ann@example.com" });
  assert.equal((await yard.admin("GET", path)).body, { total: 1, email: "ann@example.com" });

  await yard.admin("PUT", "/api/sources/other", { name: "Other" });
  const { body: made } = await yard.admin("POST", "/api/sources/other/secrets");
  const asOther = (method: string, body?: object) => asSource("other", made.secret, method, path, body);
  await until("the new source may read", async () => (await asOther("GET")).status === 404);
  assert.is((await asOther("PUT", { total: 2 })).status, 409);
  assert.is((await asOther("DELETE")).status, 409);
  assert.is((await yard.call(path)).status, 401);
  const forged = signedHeaders(parseSecret(yard.secret), "k", '{"total":3}');
  const headers = { "x-source": "demo", "content-type": "application/json", ...forged };
  assert.is((await yard.call(path, { method: "PUT", headers, body: '{"total":4}' })).status, 401);

  const before = await sealedParts();
  assert.is((await asDemo("DELETE", path)).status, 204);
  assert.is((await asDemo("GET", path)).status, 404);
  assert.is((await asDemo("DELETE", path)).status, 404);
  const vault = await yard.vault();
  const readable = await vault.openReadable(before);
  assert.is(readable.filter((one) => one === undefined).length, 1, "of all that was put, this can't be read");
  await asDemo("PUT", path, { total: 200 });
  assert.equal((await asDemo("GET", path)).body, { total: 200 });
  assert.is((await decisionOf({ order_id: "B/2" })).rule, "big");
});

/** Everything that was ever put, as it stands in the log. */
async function sealedParts() {
  const found: { sealed: never; context: string }[] = [];
  const ending = new AbortController();
  const done = Promise.withResolvers<void>();
  yard.eventStore().follow({
    name: "test",
    prefixes: [CONTEXT_STREAM_PREFIX],
    from: "start",
    signal: ending.signal,
    onEvents: async (events) => {
      for (const { stream, type, data } of events)
        if (type === "ContextPut")
          found.push({ sealed: (data as { sealed: never }).sealed, context: stream });
    },
    onCaughtUp: done.resolve,
  });
  await done.promise;
  ending.abort();
  assert.not.match(JSON.stringify(found), /ann@example|B\/2/);
  return found;
}

test("what is too large, no object, or has a strange name is refused", async () => {
  const put = (path: string, body: unknown) => yard.admin("PUT", path, body);
  assert.is((await put("/api/context/order/C", { text: "x".repeat(17_000) })).status, 413);
  assert.is((await put("/api/context/order/C", [1])).status, 400);
  assert.is((await put("/api/context/Order!/C", {})).status, 400);
  assert.is((await put("/api/context/order/%20", {})).status, 400);
});

test.run();
