// Who changed what: every role, real parts.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { parseSecret, signedHeaders } from "#platform/webhooks.ts";
import { type DeadLetterYard, SHORT, startDeadLetterYard, WORKERS } from "../../../test/dead-letters/yard.ts";
import { until } from "../../../test/harness/wait.ts";
import { startCampaigns } from "../../campaigns/app.ts";

const test = suite("the audit");
let yard: DeadLetterYard;
let token = "";
test.before(async () => {
  yard = await startDeadLetterYard(...WORKERS, startCampaigns);
  token = (await yard.api("POST", "/api/tokens", { name: "nightly", role: "admin" })).body.token;
});
test.after(() => yard?.stop());

const PRIVATE = /hush|whsec_|ann@example/;

async function done(method: string, path: string, body?: unknown) {
  const answer = await yard.api(method, path, body, token);
  assert.ok(answer.status < 300, `${method} ${path}: ${JSON.stringify(answer.body)}`);
  return answer;
}

/** Once the model has everything that is in the log now. */
async function audit(query = ""): Promise<Record<string, unknown>[]> {
  const head = await yard.own.eventStore().head();
  const { body } = await done("GET", `/api/audit?after=${head}&limit=200${query}`);
  return body.items;
}

/** Signed by the source `demo`. */
async function sent(method: string, path: string, body: string) {
  const signed = signedHeaders(parseSecret(yard.secret), "one", body);
  const headers = { "content-type": "application/json", "x-source": "demo", ...signed };
  const response = await fetch(`${yard.url}${path}`, { method, headers, body });
  assert.ok(response.ok, `${method} ${path}: ${response.status}`);
  return (await response.json()) as { id: string };
}

const rule = { id: "r", name: "R", priority: 1, enabled: true, when: { combinator: "and", rules: [] } };

test("has each change once, with who made it, and no secret", async () => {
  const start = (await audit()).length;
  await done("PUT", "/api/sources/web", { name: "Web" });
  await done("PUT", "/api/sources/web", { name: "Web 2" });
  const { body: secret } = await done("POST", "/api/sources/web/secrets");
  await done("DELETE", `/api/sources/web/secrets/${secret.id}`);
  const delivery = {
    type: "http",
    url: "http://8.8.8.8/",
    headers: { key: "hush" },
    secret_headers: ["key"],
  };
  await done("PUT", "/api/partners/edu", { name: "Edu", delivery });
  await done("POST", "/api/partners/edu/pause", { reason: "they move" });
  await done("POST", "/api/partners/edu/resume");
  await done("PUT", "/api/rules", { rules: [{ ...rule, route: { to: "edu" } }], reason: "begin" });
  await done("PUT", "/api/rules", { rules: [{ ...rule, name: "R 2", route: { to: "edu" } }] });
  await done("PUT", "/api/rules/shadow", { rules: [] });
  await done("DELETE", "/api/rules/shadow");
  await done("PUT", "/api/routing-services/ask", { url: "http://8.8.8.8/" });
  await done("PUT", "/api/context/order/o-1", { total: 1 });
  await sent("PUT", "/api/context/order/o-2", JSON.stringify({ total: 2 }));
  await done("POST", "/api/dlq/discard", { stage: "route", reason: "known" });
  const { id } = await sent("POST", "/api/submit", JSON.stringify({ email: "ann@example.com" }));
  const person = await until("it is known whose it is", async () => {
    const { body } = await yard.api("GET", `/api/leads/${id}`);
    return body.person_id as string | undefined;
  });
  await done("DELETE", `/api/identities/${person}`, { reason: "asked" });
  const taker = await yard.configure("taker", SHORT);
  const lead = await yard.route(taker);
  await yard.ends(lead, "delivered");
  await done("POST", "/api/partners/taker/returns", { lead_id: lead.submission_id, reason: "wrong" });

  const items = (await audit()).slice(0, -start || undefined).toReversed();
  assert.equal(
    items.map(({ type, about }) => `${type} ${about}`),
    [
      "SourceConfigured source web",
      "SourceConfigured source web",
      "SourceSecretAdded source web",
      "SourceSecretRemoved source web",
      "PartnerConfigured partner edu",
      "PartnerPaused partner edu",
      "PartnerResumed partner edu",
      "RulesetChanged ruleset",
      "RulesetChanged ruleset",
      "ShadowStarted shadow rules",
      "ShadowEnded shadow rules",
      "RoutingServiceConfigured routing service ask",
      "ContextPut context order",
      "DiscardRequested dead letters",
      `PersonForgotten person ${person}`,
      `DeliveryReturned lead ${lead.submission_id}`,
    ],
  );
  for (const { by } of items) assert.is(by, "token:nightly");
  assert.not.match(JSON.stringify(items), PRIVATE);
  const of = (n: number): Record<string, unknown> => items[n] ?? {};
  const named = (name: string) => ({ name, scheme: "standard-webhooks", enabled: true });
  assert.equal([of(1).before, of(1).after], [named("Web"), named("Web 2")]);
  assert.equal(of(2).after, { secret_id: secret.id, secret: "…" });
  assert.is((of(4).after as { delivery: string }).delivery, "…");
  assert.equal([of(5).reason, of(7).reason, of(13).reason], ["they move", "begin", "known"]);
  assert.equal(of(8).before, { version: 1, rules: [{ ...rule, route: { to: "edu" } }] });
  assert.equal(of(8).after, { version: 2, rules: [{ ...rule, name: "R 2", route: { to: "edu" } }] });
});

test("has what people do about campaigns and analysis services", async () => {
  const start = (await audit()).length;
  await done("PUT", "/api/analysis-services/words", { type: "builtin" });
  const steps = [{ id: "rest", type: "wait", for: "1d" }];
  await done("PUT", "/api/campaigns/spring", { name: "Spring", steps });
  await done("PUT", "/api/campaigns/spring", { name: "Spring 2", steps });
  const members = await fetch(`${yard.url}/api/campaigns/spring/members`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/x-ndjson" },
    body: '{"email":"ann@example.com"}\n{"email":"ben@example.com"}\n',
  });
  assert.equal(await members.json(), { added: 2, duplicates: 0, invalid: [] });
  const answer = { email: "ann@example.com", message_id: "m-1", text: "ann@example.com says hush" };
  const { body: replied } = await done("POST", "/api/campaigns/spring/replies", answer);
  for (const verb of ["start", "pause", "resume", "cancel"])
    await done("POST", `/api/campaigns/spring/${verb}`);
  await done("DELETE", "/api/analysis-services/words");

  const items = (await audit()).slice(0, -start).toReversed();
  const campaign = { name: "Spring", steps, concurrency: 20 };
  const [first, second] = [
    { version: 1, ...campaign },
    { version: 2, ...campaign, name: "Spring 2" },
  ];
  const spring = (type: string, after: object, before?: object) =>
    ({ type, about: "campaign spring", ...(before && { before }), after }) as const;
  const words = { about: "analysis service words" };
  assert.equal(
    items.map(({ position: _, at: __, by, ...item }) => {
      assert.is(by, "token:nightly");
      return item;
    }),
    [
      { type: "AnalysisServiceConfigured", ...words, after: { type: "builtin" } },
      spring("CampaignDefined", first),
      spring("CampaignDefined", second, first),
      spring("MembersAdded", { members: 2 }),
      spring("CampaignStarted", { status: "running" }),
      spring("CampaignPaused", { status: "paused" }),
      spring("CampaignResumed", { status: "running" }),
      spring("CampaignCancelled", { status: "cancelled" }),
      { type: "AnalysisServiceRemoved", ...words, before: { type: "builtin" } },
    ],
  );
  assert.not.match(JSON.stringify(items), PRIVATE);
  // A reply is what the member said: the token has passed it on and changed nothing.
  const [{ position: _, at: __, ...reply } = {}, ...more] = await audit("&type=MemberReplied");
  assert.equal(reply, { ...spring("MemberReplied", { member_id: replied.member_id }), by: "token:nightly" });
  assert.equal(more, []);
  for (const filter of ["&by=token:nightly", "&about=campaign%20spring"])
    assert.not.ok(
      (await audit(filter)).some(({ type }) => type === "MemberReplied"),
      filter,
    );
});

test("is filtered by who, what and when, and read page by page", async () => {
  const all = await audit();
  assert.equal(await audit("&by=nobody"), []);
  const [byToken, byAdmin] = [await audit("&by=token:nightly"), await audit("&by=admin")];
  assert.ok(byAdmin.some(({ type, about }) => type === "TokenMade" && about === "token nightly"));
  const positions = [...byToken, ...byAdmin].map(({ position }) => Number(position)).sort((a, b) => b - a);
  assert.equal(
    positions,
    all.map(({ position }) => Number(position)),
  );
  const aboutEdu = await audit("&about=partner%20edu");
  assert.equal(
    aboutEdu,
    all.filter(({ about }) => about === "partner edu"),
  );
  assert.ok(aboutEdu.length >= 3);
  assert.equal(await audit("&about=partner"), []);
  const rules = await audit("&type=RulesetChanged");
  assert.equal(
    rules,
    all.filter(({ type }) => type === "RulesetChanged"),
  );
  const [newest, oldest] = [rules[0], rules.at(-1)];
  const from = `&from=${oldest?.at}&to=${newest?.at}`;
  assert.equal((await audit(`&type=RulesetChanged${from}`)).length, 1);
  const paged: unknown[] = [];
  for (let cursor = ""; ; ) {
    const { body } = await done("GET", `/api/audit?limit=3${cursor}`);
    assert.ok(body.items.length <= 3);
    paged.push(...body.items);
    if (body.next_cursor === undefined) break;
    cursor = `&cursor=${body.next_cursor}`;
  }
  assert.equal(paged, all);
  for (const query of ["?type=Nothing", "?cursor=x", "?from=yesterday", "?who=me"])
    assert.is((await yard.api("GET", `/api/audit${query}`)).status, 400, query);
});

test("has who had a read model rebuilt, and is the same when it is built anew from the log", async () => {
  const rows = () =>
    yard.own
      .database()
      .query<{ type: string | null }>(
        "select * from audit.change full join audit.configured using (about) order by 1, 2",
      );
  const rebuiltAt = async () =>
    (await yard.api("GET", "/api/projections")).body.find(({ name }: { name: string }) => name === "audit")
      .rebuilt_at;
  const before = await rows();
  await done("POST", "/api/projections/audit/rebuild");
  await until("it is rebuilt", async () => (await rebuiltAt()) !== null);
  const [{ position: _, at: __, ...newest } = {}, ...more] = await audit("&type=RebuildRequested");
  assert.equal(newest, { by: "token:nightly", type: "RebuildRequested", about: "read model audit" });
  assert.equal(more, []);
  assert.ok(before.length > 10);
  const isOlder = ({ type }: { readonly type: string | null }): boolean => type !== "RebuildRequested";
  const after = await rows();
  assert.is(after.length, before.length + 1);
  assert.equal(after.filter(isOlder), before);
  assert.is((await yard.api("POST", "/api/projections/nothing/rebuild")).status, 404);
  assert.is((await audit("&type=RebuildRequested")).length, 1);
});

test.run();
