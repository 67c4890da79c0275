// The draft of the rules that belongs to whoever asks.
import * as assert from "uvu/assert";
import { hostileTexts } from "../../../domain/fixtures/hostile-texts.ts";
import type { HttpResponse } from "../../../test/gateway/gateway.ts";
import { gatewaySuite } from "../../../test/gateway/suite.ts";

const { test, yard } = await gatewaySuite("drafts of rules over HTTP");

const DRAFT = "/api/rules/draft";
await yard.admin("PUT", "/api/partners/edu", {
  name: "edu",
  delivery: { type: "http", url: "http://8.8.8.8/leads" },
});
const rule = (id: string, value: unknown = id): Record<string, unknown> => ({
  id,
  name: `Rule ${id}`,
  priority: 10,
  enabled: true,
  when: { combinator: "and", rules: [{ field: "interest", operator: "=", value }] },
  route: { to: "edu" },
});
const live = [rule("live")];
await yard.admin("PUT", "/api/rules", { rules: live });

type Caller = (method: string, body?: unknown, query?: string) => Promise<HttpResponse>;

const caller =
  (token: string): Caller =>
  (method, body, query = "") =>
    yard.call(`${DRAFT}${query}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body !== undefined && { "content-type": "application/json" }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });

async function manager(name: string): Promise<Caller & { readonly id: string }> {
  const { body } = await yard.admin("POST", "/api/tokens", { name, role: "manager" });
  return Object.assign(caller(body.token), { id: body.id });
}

test("a draft is kept with what it began from, for whoever made it and for nobody else", async () => {
  const [mira, noor] = [await manager("mira"), await manager("noor")];
  assert.equal((await mira("GET")).body, { draft: null });
  const rules = [...live, rule("new")];
  const saved = await mira("PUT", { base_version: 1, rules, expected_revision: null });
  assert.is(saved.status, 200, saved.text);
  const { draft } = (await mira("GET")).body;
  assert.equal(draft, { ...saved.body, base: { version: 1, rules: live }, rules });
  assert.equal((await noor("GET")).body, { draft: null });
  assert.equal((await yard.admin("GET", DRAFT)).body, { draft: null });
  // Nothing is used of it.
  assert.equal((await yard.admin("GET", "/api/rules")).body.rules, live);
});

test("of two tabs that follow the same revision one saves, and the other is told", async () => {
  const mira = await manager("two tabs");
  const put = (id: string, expected_revision?: string | null) =>
    mira("PUT", { base_version: 1, rules: [rule(id)], expected_revision });
  const [one, other] = await Promise.all([put("one", null), put("other", null)]);
  assert.equal([one.status, other.status].sort(), [200, 409]);
  const { revision } = (one.status === 200 ? one : other).body;
  const refused = one.status === 409 ? one : other;
  assert.is(refused.body.revision, revision);
  assert.match(refused.body.detail, `saved elsewhere meanwhile, as revision ${revision}`);
  const next = await put("next", revision);
  assert.is(next.status, 200);
  assert.is((await put("late", revision)).status, 409);
  assert.is((await mira("DELETE", undefined, `?expected_revision=${revision}`)).status, 409);
  assert.equal((await mira("GET")).body.draft.rules, [rule("next")]);
  assert.is((await put("whatever")).status, 200);
});

test("what is discarded is gone, and a tab that goes on with it is told", async () => {
  const mira = await manager("discards");
  const { revision } = (await mira("PUT", { base_version: 1, rules: [] })).body;
  assert.is((await mira("DELETE", undefined, `?expected_revision=${revision}`)).status, 204);
  assert.is((await mira("DELETE", undefined, `?expected_revision=${revision}`)).status, 204);
  assert.equal((await mira("GET")).body, { draft: null });
  const late = await mira("PUT", { base_version: 1, rules: [], expected_revision: revision });
  assert.equal([late.status, late.body.revision], [409, null]);
  assert.match(late.body.detail, "published or discarded meanwhile");
});

test("a draft stays with the version that it began from, whatever is published meanwhile", async () => {
  const mira = await manager("began early");
  await mira("PUT", { base_version: 1, rules: [rule("mine")] });
  await yard.admin("PUT", "/api/rules", { rules: [rule("theirs")] });
  const { draft } = (await mira("GET")).body;
  assert.equal(draft.base, { version: 1, rules: live });
  assert.is((await mira("PUT", { base_version: 2, rules: [] })).status, 200);
  assert.is((await mira("PUT", { base_version: 0, rules: [] })).status, 200);
  const unknown = await mira("PUT", { base_version: 99, rules: [] });
  assert.equal([unknown.status, unknown.body.errors[0].path], [422, "base_version"]);
});

test("whatever a rule may hold comes back as it was, and what it may not is refused with its path", async () => {
  const mira = await manager("odd texts");
  const rules = hostileTexts("canary").map((text, n) => ({ ...rule(`r${n}`, text), name: text || "-" }));
  const saved = await mira("PUT", { base_version: 1, rules });
  assert.is(saved.status, 200, saved.text);
  assert.equal((await mira("GET")).body.draft.rules, rules);
  const misspelt = await mira("PUT", { base_version: 1, rules: [{ ...rule("a"), prio: 1 }] });
  assert.equal([misspelt.status, misspelt.body.errors[0].path], [422, "rules.0.prio"]);
  assert.is((await mira("PUT", { rules: [] })).status, 422);
});

test("a draft goes with the token or the user that it belongs to", async () => {
  const kept = async (): Promise<number> =>
    (await yard.database().query("select 1 from access.rule_drafts where owner = $1", [`token:${mira.id}`]))
      .length;
  const mira = await manager("goes");
  await mira("PUT", { base_version: 1, rules: [] });
  assert.is(await kept(), 1);
  await yard.admin("DELETE", `/api/tokens/${mira.id}`);
  assert.is(await kept(), 0);
});

test.run();
