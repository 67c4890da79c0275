import * as assert from "uvu/assert";
import { PARTNER_CONFIG_STREAM } from "#domain/partner/config.ts";
import { newSecret } from "#platform/webhooks.ts";
import { startTestGateway } from "../../../test/gateway/gateway.ts";
import { gatewaySuite } from "../../../test/gateway/suite.ts";
import { startCompiler } from "../../compiler/app.ts";
import { startRelay } from "../../relay/app.ts";

const { test, yard, parts } = await gatewaySuite("admin over HTTP", {}, [startRelay, startCompiler]);
test.before(async () => {
  for (const id of ["edu", "fin"]) await yard.admin("PUT", `/api/partners/${id}`, partner);
});

const url = "http://8.8.8.8/leads";
const partner = { name: "Education", delivery: { type: "http", url } };
const always = { combinator: "and", rules: [] };
const ruleTo = (id: string, to: string, more: object = {}): object => ({
  id,
  name: id,
  priority: 1,
  enabled: true,
  when: always,
  route: { to },
  ...more,
});
const paths = (body: { errors: { path: string }[] }): string[] => body.errors.map(({ path }) => path);

test("only the bearer of the token gets in", async () => {
  for (const authorization of ["", "Bearer ", "Bearer wrong", "Basic dGVzdA=="]) {
    const { status, headers } = await yard.call("/api/partners", { headers: { authorization } });
    assert.is(status, 401);
    assert.is(headers["www-authenticate"], "Bearer");
  }
});

test("a partner is what was put, with defaults, and how it fares", async () => {
  const put = await yard.admin("PUT", "/api/partners/edu", partner);
  assert.is(put.status, 200);
  const { status, body } = await yard.admin("GET", "/api/partners/edu");
  assert.is(status, 200);
  assert.equal(body, put.body);
  assert.is(body.id, "edu");
  assert.is(body.delivery.timeout_ms, 10_000);
  assert.equal(body.retry, { max_attempts: 3, base_ms: 500, max_ms: 60_000 });
  assert.equal(body.circuit, { failure_threshold: 5, open_ms: 30_000 });
  assert.is(body.circuit_state, "closed");
  for (const figure of ["queue_depth", "in_flight", "delivered", "failed", "dead_lettered", "duplicates"])
    assert.is(body[figure], 0);
});

test("a partner's secret is sealed, never shown, and kept until another or null is given", async () => {
  const secret = newSecret();
  const withSecret = { ...partner, delivery: { ...partner.delivery, secret } };
  const put = await yard.admin("PUT", "/api/partners/signed", withSecret);
  assert.is(put.body.signed, true);
  assert.not.ok(put.text.includes(secret));
  const all = await yard.eventStore().readStream(PARTNER_CONFIG_STREAM);
  const events = all.filter(({ data }) => (data as { partner: string }).partner === "signed");
  assert.not.ok(events.some(({ data }) => JSON.stringify(data).includes(secret)));
  const { delivery } = (events[0]?.data ?? {}) as { delivery: { sealed: never } };
  const vault = await yard.vault();
  const opened = await vault.open(delivery.sealed, "partner_config-signed");
  assert.is((opened as { secret: string }).secret, secret);

  assert.is((await yard.admin("PUT", "/api/partners/signed", partner)).body.signed, true);
  const unsigned = { ...partner, delivery: { ...partner.delivery, secret: null } };
  assert.is((await yard.admin("PUT", "/api/partners/signed", unsigned)).body.signed, false);
});

test("what does not fit is 400 with its path", async () => {
  const { status, body } = await yard.admin("PUT", "/api/partners/bad", {
    name: "",
    delivery: { type: "http", url: "ftp://8.8.8.8" },
  });
  assert.is(status, 400);
  assert.equal(paths(body), ["name", "delivery.url"]);
  assert.is((await yard.admin("PUT", "/api/partners/Not%20an%20id", partner)).status, 400);
});

for (const host of [
  "localhost",
  "127.0.0.1",
  "2130706433",
  "0x7f.1",
  "0177.0.0.1",
  "[::1]",
  "[::ffff:10.0.0.1]",
  "192.168.1.1",
  "169.254.169.254",
  "[3fff::1]",
  "[::ffff:0:7f00:1]",
  "[64:ff9b::7f00:1]",
  "0",
]) {
  test(`a partner at ${host} is refused`, async () => {
    const delivery = { type: "http", url: `http://${host}/leads` };
    const { status, body } = await yard.admin("PUT", "/api/partners/inside", { name: "Inside", delivery });
    assert.is(status, 422);
    assert.equal(paths(body), ["delivery.url"]);
  });
}

test("where it is allowed, a partner may be on this machine", async () => {
  const open = await startTestGateway(parts, { allowPrivatePartners: true });
  const delivery = { type: "http", url: "http://127.0.0.1:8090/partners/edu" };
  assert.is((await open.admin("PUT", "/api/partners/near", { name: "Inside", delivery })).status, 200);
  await open.stop();
});

test("partners are paused, resumed, listed and removed", async () => {
  await yard.admin("PUT", "/api/partners/brief", partner);
  assert.is((await yard.admin("POST", "/api/partners/brief/pause")).body.paused, true);
  assert.is((await yard.admin("POST", "/api/partners/brief/resume")).body.paused, false);
  const listed = (await yard.admin("GET", "/api/partners")).body.items.map(({ id }: { id: string }) => id);
  assert.ok(listed.includes("brief") && listed.includes("edu"));
  assert.is((await yard.admin("DELETE", "/api/partners/brief")).status, 204);
  for (const [method, path] of [
    ["GET", ""],
    ["DELETE", ""],
    ["POST", "/pause"],
  ] as const)
    assert.is((await yard.admin(method, `/api/partners/brief${path}`)).status, 404);
});

test("rules are replaced as a whole, against a version", async () => {
  const { body: before } = await yard.admin("GET", "/api/rules");
  const rules = [
    ruleTo("r1", "edu"),
    ruleTo("r2", "fin", { priority: 2, route: { waterfall: ["edu", "fin"] } }),
  ];
  const put = await yard.admin("PUT", "/api/rules", { rules, expected_version: before.version });
  assert.is(put.status, 200);
  assert.is(put.body.version, before.version + 1);
  assert.equal(put.body.rules, rules);
  const { body: now } = await yard.admin("GET", "/api/rules");
  assert.equal(now, put.body);
  assert.ok(Date.parse(now.compiled_at) > 0);
  const late = await yard.admin("PUT", "/api/rules", { rules: [], expected_version: before.version });
  assert.is(late.status, 409);
  assert.equal((await yard.admin("GET", "/api/rules")).body.rules, rules);
});

test("one rule is put in place, added at the end, and removed", async () => {
  await yard.admin("PUT", "/api/rules", { rules: [ruleTo("a", "edu", { priority: 0 }), ruleTo("b", "edu")] });
  await yard.admin("PUT", "/api/rules/a", ruleTo("a", "fin", { priority: 0 }));
  await yard.admin("PUT", "/api/rules/c", ruleTo("c", "edu"));
  const { rules } = (await yard.admin("GET", "/api/rules")).body;
  assert.equal(
    rules.map(({ id, route }: { id: string; route: { to: string } }) => [id, route.to]),
    [
      ["a", "fin"],
      ["b", "edu"],
      ["c", "edu"],
    ],
  );
  assert.is((await yard.admin("DELETE", "/api/rules/b")).status, 204);
  assert.is((await yard.admin("DELETE", "/api/rules/b")).status, 404);
  assert.is((await yard.admin("GET", "/api/rules/a")).body.id, "a");
});

test("many changes at once lose none", async () => {
  await yard.admin("PUT", "/api/rules", { rules: [] });
  const ids = ["p", "q", "r", "s"];
  await Promise.all(ids.map((id) => yard.admin("PUT", `/api/rules/${id}`, ruleTo(id, "edu"))));
  const { rules } = (await yard.admin("GET", "/api/rules")).body;
  assert.equal(rules.map(({ id }: { id: string }) => id).sort(), ids);
});

for (const [what, rules, path] of [
  ["an unknown target", [ruleTo("x", "nowhere")], "rules.0.route.to"],
  [
    "an unknown target down a waterfall",
    [ruleTo("x", "", { route: { waterfall: ["edu", "no"] } })],
    "rules.0.route.waterfall.1",
  ],
  ["nobody to ask", [ruleTo("x", "", { route: { ask: "oracle" } })], "rules.0.route.ask"],
  ["an id twice", [ruleTo("x", "edu"), ruleTo("x", "fin")], "rules.1.id"],
  ["an unknown operator", [when({ field: "a", operator: "~", value: 1 })], "rules.0.when.rules.0.operator"],
  [
    "reversed bounds",
    [when({ field: "a", operator: "between", value: [2, 1] })],
    "rules.0.when.rules.0.value",
  ],
  ["a broken path", [when({ field: "a..b", operator: "=", value: 1 })], "rules.0.when.rules.0.field"],
  [
    "a wrong combinator",
    [ruleTo("x", "edu", { when: { combinator: "xor", rules: [] } })],
    "rules.0.when.combinator",
  ],
] as const) {
  test(`${what} is 422 with its path, and the rules before stay in force`, async () => {
    const { body: before } = await yard.admin("GET", "/api/rules");
    const { status, body } = await yard.admin("PUT", "/api/rules", { rules });
    assert.is(status, 422);
    assert.equal(paths(body), [path]);
    assert.ok(body.errors[0].message.length > 5);
    assert.equal((await yard.admin("GET", "/api/rules")).body, before);
  });
}

function when(predicate: object): object {
  return ruleTo("x", "edu", { when: { combinator: "and", rules: [predicate] } });
}

test("a partner that rules route to can't be removed", async () => {
  await yard.admin("PUT", "/api/rules", { rules: [ruleTo("keeps", "fin")] });
  const { status, body } = await yard.admin("DELETE", "/api/partners/fin");
  assert.is(status, 409);
  assert.match(body.detail, /keeps/);
});

test("a source is configured, given secrets, and removed", async () => {
  const { status, body } = await yard.admin("PUT", "/api/sources/site", { name: "A site" });
  assert.is(status, 200);
  assert.equal(body, { id: "site", name: "A site", scheme: "standard-webhooks", enabled: true, secrets: [] });
  const made = await yard.admin("POST", "/api/sources/site/secrets");
  assert.match(made.body.secret, /^whsec_/);
  const got = await yard.admin("GET", "/api/sources/site");
  assert.equal(got.body.secrets, [{ id: made.body.id }]);
  assert.not.ok(got.text.includes("whsec_"));
  assert.is((await yard.admin("DELETE", `/api/sources/site/secrets/${made.body.id}`)).status, 204);
  assert.is((await yard.admin("DELETE", `/api/sources/site/secrets/${made.body.id}`)).status, 404);
  assert.is((await yard.admin("DELETE", "/api/sources/site")).status, 204);
  assert.is((await yard.admin("GET", "/api/sources/site")).status, 404);
  assert.is((await yard.admin("POST", "/api/sources/site/secrets")).status, 404);
});

test("there are never more secrets than a rotation needs", async () => {
  await yard.admin("PUT", "/api/sources/many", {});
  const made = [];
  for (let at = 0; at < 9; at += 1) made.push(await yard.admin("POST", "/api/sources/many/secrets"));
  assert.equal([...new Set(made.map(({ status }) => status))], [201, 409]);
});

test("unknown paths are 404, other methods 405, and broken requests 400", async () => {
  assert.is((await yard.call("/api/nothing")).status, 404);
  const wrong = await yard.call("/api/submit", { method: "DELETE" });
  assert.is(wrong.status, 405);
  assert.is(wrong.headers.allow, "POST");
  assert.is((await yard.call("/api/leads/%zz")).status, 400);
  assert.is((await yard.admin("PUT", "/api/rules", undefined)).status, 422);
  const broken = await yard.call("/api/rules", {
    method: "PUT",
    headers: { authorization: "Bearer test-admin-token", "content-type": "application/json" },
    body: "{",
  });
  assert.is(broken.status, 400);
  for (const { headers } of [wrong, broken]) assert.match(String(headers["content-type"]), /problem\+json/);
});

test("what goes wrong inside stays inside", async () => {
  parts.freeze();
  const began = performance.now();
  const { status, text } = await yard.admin("PUT", "/api/sources/later", {}).finally(() => parts.thaw());
  assert.is(status, 503);
  assert.ok(performance.now() - began < 8_000);
  assert.not.match(text, /stack|at \w+|stopped/);
});

test.run();
