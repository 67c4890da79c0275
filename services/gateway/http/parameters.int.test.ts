import { randomUUID } from "node:crypto";
import * as assert from "uvu/assert";
import { parseSecret, signedHeaders } from "#platform/webhooks.ts";
import type { DescribedOperation } from "../../../test/gateway/described.ts";
import { ADMIN_TOKEN, type HttpResponse } from "../../../test/gateway/gateway.ts";
import { gatewaySuite } from "../../../test/gateway/suite.ts";

const { test, yard } = await gatewaySuite("parameters and fields");

const lead = JSON.stringify({ email: "jane@example.com" });

/** With an id that every schema of a path accepts, whether or not something has it. */
const filled = (path: string): string =>
  path
    .replace("{name}", "leads")
    .replace("{secret_id}", "s")
    .replace(/\{\w+\}/g, randomUUID());

const rule = {
  id: "r",
  name: "r",
  priority: 1,
  enabled: true,
  when: { combinator: "and", rules: [] },
  route: { to: "edu" },
};
/** What each operation would take, by the name of what it describes. */
const bodies: Readonly<Record<string, object>> = {
  SourceChange: { name: "S" },
  PartnerChange: { name: "P", delivery: { type: "http", url: "http://8.8.8.8/" } },
  RulesChange: { rules: [] },
  RuleChange: rule,
  RulesToCheck: { rules: [] },
  Backtest: { rules: [] },
  ShadowRules: { rules: [] },
  RulesDraftToSave: { base_version: 0, rules: [] },
  CampaignChange: { name: "C", steps: [{ id: "s", type: "end" }] },
  CampaignReply: { email: "jane@example.com", message_id: "m", text: "yes" },
  CampaignImport: { url: "http://8.8.8.8/", items_path: "items" },
  AnalysisServiceChange: { type: "builtin" },
  RoutingServiceChange: { url: "http://8.8.8.8/" },
  Redrive: { dry_run: true },
  Discard: { dry_run: true, reason: "no" },
  Correction: { payload: { email: "jane@example.com" } },
  Resolution: { outcome: "delivered", reason: "they have it" },
  SignIn: { token: "t" },
  SetUpLinkToCheck: { token: "t" },
  SetUp: { token: "t", password: "p" },
  PasswordChange: { current: "c", password: "p" },
  Invitation: { name: "Mira", role: "viewer" },
  UserChange: { role: "viewer" },
  TokenToMake: { name: "t", role: "viewer" },
  SubmissionToTry: { submission: { kind: "lead" } },
};

/** Those that have no name, by the end of their path. */
const inline: Readonly<Record<string, object>> = {
  revert: { version: 1 },
  returns: { lead_id: randomUUID(), reason: "no" },
};

/** As somebody who may call it. */
function call(method: string, path: string, isIntake: boolean, body = lead): Promise<HttpResponse> {
  const isLines = /^\/api\/(submit\/batch|suppressions|campaigns\/[^/]+\/members)/.test(path);
  const type = isLines ? "application/x-ndjson" : "application/json";
  const headers = isIntake
    ? { "x-source": "demo", ...signedHeaders(parseSecret(yard.secret), randomUUID(), body) }
    : { authorization: `Bearer ${ADMIN_TOKEN}` };
  const hasBody = method !== "get" && (isIntake || method !== "delete");
  return yard.call(path, {
    method: method.toUpperCase(),
    headers: hasBody ? { "content-type": type, ...headers } : headers,
    ...(hasBody && { body }),
  });
}

const nameOf = (requestBody: DescribedOperation["requestBody"]): string =>
  (requestBody?.content["application/json"]?.schema as { $ref?: string } | undefined)?.$ref
    ?.split("/")
    .at(-1) ?? "";

const operations = Object.entries(yard.openApi.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, { tags, requestBody }]) => ({
    method,
    path: filled(path),
    isIntake: tags.includes("Intake"),
    example: bodies[nameOf(requestBody)] ?? inline[path.split("/").at(-1) ?? ""] ?? {},
  })),
);

test("a query parameter that there is not is a 400 that names it, on every route", async () => {
  assert.ok(operations.length > 30);
  for (const { method, path, isIntake, example } of operations) {
    const sent = isIntake ? lead : JSON.stringify(example);
    const { status, body } = await call(method, `${path}?surprise=1&__proto__=2`, isIntake, sent);
    assert.is(status, 400, `${method} ${path}: ${JSON.stringify(body)}`);
    assert.equal(
      body.errors.map((one: { path: string }) => one.path),
      ["surprise", "__proto__"],
    );
    assert.match(body.detail, /surprise/);
  }
});

test("who is not let in hears of that first", async () => {
  const signed = { ...signedHeaders(parseSecret(yard.secret), "k", "{}"), "x-source": "demo" };
  const headers = { "content-type": "application/json", ...signed };
  assert.is((await yard.call("/api/submit?x=1", { method: "POST", headers, body: lead })).status, 401);
  assert.is((await yard.call("/api/leads?x=1")).status, 401);
  assert.is((await yard.call("/api/partners?x=1")).status, 401);
});

const UUID = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/;
const MAX = 2n ** 63n - 1n;
const cursor = (text: string): string => Buffer.from(text).toString("base64url");
const odd = [
  ["cursor", cursor(`${MAX + 1n}`)],
  ["cursor", cursor("9".repeat(30))],
  ["cursor", cursor("\u0000")],
  ["cursor", "%00"],
  ["cursor", cursor("1\u00002")],
  ["cursor", Buffer.from([0xff, 0xfe]).toString("base64url")],
  ["cursor", ""],
  ["after", `${MAX + 1n}`],
  ["after", "9".repeat(19)],
  ["after", "-1"],
  ["limit", "9".repeat(30)],
  ["limit", "1e400"],
  ["limit", "%00"],
  ["limit", "5&limit=6"],
] as const;
const text = ["%00", "a%00b", "%F0", "%ff", "%zz", "%", "%ED%A0%80", "%E0%A4%A"];

test("what no parameter can be is a 400 that names it, and never a 500", async () => {
  const lists = {
    "/api/leads": ["q", "partner", "source"],
    "/api/identities": ["email", "full_name"],
    "/api/dlq": ["partner"],
  };
  for (const [path, names] of Object.entries(lists)) {
    const parameters = [...odd, ...names.flatMap((name) => text.map((value) => [name, value] as const))];
    for (const [name, value] of parameters) {
      const { status, body } = await yard.admin("GET", `${path}?${name}=${value}`);
      assert.is(status, 400, `${path}?${name}=${value}`);
      assert.equal(body.errors?.[0]?.path, name, `${path}?${name}=${value}: ${JSON.stringify(body)}`);
    }
  }
});

test("the last place that a log can have is a position all the same", async () => {
  for (const time of [0, 8.64e15])
    for (const path of ["/api/leads", "/api/audit"])
      assert.is((await yard.admin("GET", `${path}?cursor=${cursor(`${time}/${MAX}`)}`)).status, 200);
  assert.is((await yard.admin("GET", `/api/dlq?cursor=${cursor(`${MAX}`)}`)).status, 200);
  for (const odd of [`-1/${MAX}`, `8640000000000001/${MAX}`, `0/${MAX + 1n}`, `${MAX}`])
    assert.is((await yard.admin("GET", `/api/leads?cursor=${cursor(odd)}`)).status, 400, odd);
  assert.is((await yard.admin("GET", "/api/leads?after=0&q=caf%C3%A9+%26+more")).status, 200);
});

test("no id in a path is a 500", async () => {
  for (const { method, path } of operations.filter(({ isIntake, path }) => !isIntake && UUID.test(path)))
    for (const id of ["%00", "%F0", "%ED%A0%80", "9".repeat(150), "%E2%80%AE", "__proto__"]) {
      const { status } = await call(method, path.replace(UUID, id), false, "{}");
      assert.ok(status >= 400 && status < 500, `${method} ${path} ${id}: ${status}`);
    }
  const long = await yard.admin("GET", `/api/leads/${"9".repeat(300)}`);
  assert.is(long.status, 400);
  assert.match(long.body.detail, /longer than any id/);
});

test("a field that there is not is a 422 that names it, in every body that an admin sends", async () => {
  // What a context object or a line of a list may be is for whoever sends it to say.
  const isFree = (path: string): boolean => /^\/api\/(context|suppressions)\/|\/members$/.test(path);
  const changing = operations.filter(
    ({ isIntake, method, path }) => !isIntake && method !== "get" && !isFree(path),
  );
  assert.ok(changing.length > 10);
  for (const { method, path, example } of changing) {
    const { status, body } = await yard.admin(method.toUpperCase(), path, { ...example, surprise: 1 });
    assert.is(status, 422, `${method} ${path}: ${JSON.stringify(body)}`);
    assert.ok(
      body.errors.some((one: { path: string }) => one.path === "surprise"),
      `${method} ${path}: ${JSON.stringify(body)}`,
    );
    assert.match(body.detail, /surprise/);
  }
  const nested = await yard.admin("PUT", "/api/sources/strict", { rate_limit: { per_second: 1, burst: 2 } });
  assert.is(nested.status, 422);
  assert.is(nested.body.errors[0].path, "rate_limit.burst");
  assert.is((await yard.admin("GET", "/api/sources/strict")).status, 404);
});

test.run();
