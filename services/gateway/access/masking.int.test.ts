// Personal data in every response that can be read, for every role: real parts, real leads.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { ROLES, type Role } from "#domain/access/role.ts";
import type { PartnerId } from "#domain/ids.ts";
import { parseSecret, signedHeaders } from "#platform/webhooks.ts";
import { type DeadLetterYard, SHORT, startDeadLetterYard, WORKERS } from "../../../test/dead-letters/yard.ts";
import { readStream } from "../../../test/gateway/stream-reader.ts";
import { until } from "../../../test/harness/wait.ts";
import { startCampaigns } from "../../campaigns/app.ts";
import { startCompiler } from "../../compiler/app.ts";

const test = suite("masked personal data");
let yard: DeadLetterYard;
const tokens = new Map<Role, string>();
/** What was sent, in every field that may be about somebody, also those that nobody knows. */
const person = {
  email: "zoe.quill@private.example",
  phone: "+12025550187",
  full_name: "Zoe Quill",
  ip_address: "203.0.113.77",
  user_agent: "QuillBrowser/7",
  landing_page_url: "https://shop.example/?mail=zoe",
  nickname: "Quilly",
  address: { street: "Quill Lane 9", zip: "90909" },
  pets: ["Quillfish"],
  age: 909091,
};
const PRIVATE = /quill|private\.example|2025550187|203\.0\.113\.77|mail=zoe|90909/i;
const payload = { ...person, interest: "Education", order_id: "A-1" };
const ids = { lead: "", dead: "", person: "", member: "" };

interface Read {
  readonly status: number;
  readonly isMasked: boolean;
  readonly text: string;
}

async function read(role: Role, path: string): Promise<Read> {
  const headers = { authorization: `Bearer ${tokens.get(role)}` };
  const response = await fetch(`${yard.url}${path}`, { headers });
  const isMasked = response.headers.get("x-masked") === "true";
  return { status: response.status, isMasked, text: await response.text() };
}

async function submitted(key: string, body: object): Promise<string> {
  const text = JSON.stringify(body);
  const signed = signedHeaders(parseSecret(yard.secret), key, text);
  const headers = { "content-type": "application/json", "x-source": "demo", ...signed };
  const response = await fetch(`${yard.url}/api/submit`, { method: "POST", headers, body: text });
  assert.is(response.status, 202);
  return ((await response.json()) as { id: string }).id;
}

async function addMember(campaign: string, fields: object): Promise<void> {
  const response = await fetch(`${yard.url}/api/campaigns/${campaign}/members`, {
    method: "POST",
    headers: { "content-type": "application/x-ndjson", authorization: `Bearer ${tokens.get("manager")}` },
    body: JSON.stringify(fields),
  });
  assert.is(response.status, 200, await response.text());
}

test.before(async () => {
  yard = await startDeadLetterYard(...WORKERS, startCompiler, startCampaigns);
  for (const role of ROLES) {
    const { body } = await yard.api("POST", "/api/tokens", { name: role, role });
    tokens.set(role, body.token);
  }
  const [taker, failing] = [await yard.configure("taker", SHORT), await yard.configure("failing", SHORT)];
  await yard.behave("failing", { behaviour: "failing" });
  const rule = (id: string, priority: number, value: string, to: PartnerId) => ({
    id,
    name: id,
    priority,
    enabled: true,
    when: {
      combinator: "and",
      rules: [
        { field: "email", operator: "notNull", value: null },
        { field: "nickname", operator: "notNull", value: null },
        { field: "interest", operator: "=", value },
      ],
    },
    route: { to },
  });
  const rules = [rule("first", 1, "Education", taker), rule("second", 2, "Art", failing)];
  assert.is((await yard.api("PUT", "/api/rules", { rules })).status, 200);
  await yard.api("PUT", "/api/context/order/A-1", { customer: "Zoe Quill", total: 909091 });
  const steps = [{ id: "hello", type: "send", partner: taker }];
  assert.is((await yard.api("PUT", "/api/campaigns/spring", { name: "Spring", steps })).status, 200);
  await addMember("spring", person);
  ids.lead = await submitted("one", payload);
  ids.dead = await submitted("two", { ...payload, interest: "Art" });
  await yard.ends({ submission_id: ids.lead } as never, "delivered");
  await yard.ends({ submission_id: ids.dead } as never, "dead_lettered");
  await yard.lies("failing", 1);
  const head = await yard.own.eventStore().head();
  const { body } = await yard.api("GET", `/api/leads/${ids.lead}?after=${head}`);
  ids.person = body.person_id;
  ids.member = await until("the member is in the list", async () => {
    const { body } = await yard.api("GET", "/api/campaigns/spring/members");
    return body.items?.[0]?.id;
  });
});
test.after(() => yard?.stop());

/** Every route that can be read, of what is there. */
const PATHS: Readonly<Record<string, (found: typeof ids) => string>> = {
  "/api/leads": () => "/api/leads",
  "/api/leads/{id}": ({ lead }) => `/api/leads/${lead}`,
  "/api/leads/{id}/timeline": ({ lead }) => `/api/leads/${lead}/timeline`,
  "/api/leads/{id}/decision": ({ lead }) => `/api/leads/${lead}/decision`,
  "/api/dlq": () => "/api/dlq",
  "/api/dlq/{id}": ({ dead }) => `/api/dlq/${dead}`,
  "/api/identities": () => "/api/identities",
  "/api/identities/{id}": ({ person: id }) => `/api/identities/${id}`,
  "/api/context/{kind}/{id}": () => "/api/context/order/A-1",
  "/api/campaigns/{id}/members": () => "/api/campaigns/spring/members",
  "/api/campaigns/{id}/members/{member_id}": ({ member }) => `/api/campaigns/spring/members/${member}`,
  "/api/campaigns/{id}": () => "/api/campaigns/spring",
  "/api/rules/{id}": () => "/api/rules/first",
  "/api/partners/{id}": () => "/api/partners/taker",
  "/api/sources/{id}": () => "/api/sources/demo",
};
const ABOUT_PEOPLE = Object.keys(PATHS).slice(0, 11);

async function readable(): Promise<[route: string, path: string][]> {
  const { body } = await yard.api("GET", "/openapi.json");
  const intake = ["/api/stream", "/api/login", "/api/login/oidc", "/api/login/oidc/callback"];
  return Object.entries(body.paths as Record<string, object>)
    .filter(([path, methods]) => path.startsWith("/api/") && "get" in methods && !intake.includes(path))
    .map(([path]) => [path, PATHS[path]?.(ids) ?? path.replace(/\{\w+\}/g, "none")]);
}

test("nobody whose role may not see it finds any in anything that can be read", async () => {
  const routes = await readable();
  assert.ok(routes.length > 25);
  for (const role of ["viewer", "auditor"] as const)
    for (const [route, path] of routes) {
      const { status, text, isMasked } = await read(role, path);
      assert.ok([200, 400, 403, 404, 409].includes(status), `${role} ${path}: ${status} ${text}`);
      assert.not.match(text, PRIVATE, `${role} ${path}`);
      if (status === 200 && ABOUT_PEOPLE.includes(route)) {
        assert.ok(isMasked, `${role} ${path} does not say that it is masked`);
        assert.match(text, "…", `${role} ${path} hides nothing`);
      }
    }
});

test("those whose role may see it see it, on every one of the same routes", async () => {
  for (const role of ["manager", "operator", "developer", "admin"] as const)
    for (const route of ABOUT_PEOPLE) {
      const { status, text, isMasked } = await read(role, PATHS[route]?.(ids) ?? "");
      if (status === 403) continue;
      assert.is(status, 200, `${role} ${route}`);
      assert.match(text, PRIVATE, `${role} ${route}`);
      assert.not(isMasked);
    }
});

test("what is no personal data stays readable, in the same shape", async () => {
  const shown = JSON.parse((await read("viewer", `/api/leads/${ids.lead}`)).text);
  const real = JSON.parse((await read("operator", `/api/leads/${ids.lead}`)).text);
  assert.equal({ ...shown, payload: null }, { ...real, payload: null });
  assert.is(shown.payload.interest, "Education");
  assert.is(shown.payload.order_id, "A-1");
  assert.equal(Object.keys(shown.payload), Object.keys(real.payload));
  assert.equal(shown.payload.address, { street: "…", zip: "…" });
  const { items } = JSON.parse((await read("viewer", `/api/leads/${ids.lead}/timeline`)).text);
  const delivery = items.find((item: { response?: object }) => item.response !== undefined);
  assert.is(delivery.response.status, 200);
  assert.ok(delivery.timings.total_ms >= 0);
  const decision = JSON.parse((await read("viewer", `/api/leads/${ids.dead}/decision`)).text);
  assert.is(decision.facts.interest, "Art");
  assert.equal([decision.facts.email, decision.facts.nickname], ["…", "…"]);
});

test("an auditor sees it for a reason, which is recorded; a viewer does not", async () => {
  for (const route of ABOUT_PEOPLE) {
    const path = PATHS[route]?.(ids) ?? "";
    const { status, text } = await read("auditor", `${path}?unmask=complaint%204711`);
    assert.is(status, 200, `${path}: ${text}`);
    assert.match(text, PRIVATE, path);
    const refused = await read("viewer", `${path}?unmask=curious`);
    assert.is(refused.status, 403, path);
    assert.not.match(refused.text, PRIVATE);
  }
  assert.is((await read("auditor", "/api/leads?unmask=")).status, 400);
  assert.is((await read("auditor", "/api/partners?unmask=why")).status, 400);
  await until("all of it stands in the audit", async () => {
    const { text } = await read("auditor", "/api/audit?type=PersonalDataShown&limit=200");
    const { items } = JSON.parse(text);
    if (items.length !== ABOUT_PEOPLE.length) throw new Error(`there are ${items.length}`);
    for (const { by, reason } of items) assert.equal([by, reason], ["token:auditor", "complaint 4711"]);
    assert.ok(items.some(({ about }: { about: string }) => about === `/api/leads/${ids.lead}/timeline`));
    return true;
  });
});

test("the stream tells a viewer nothing about anybody", async () => {
  const token = tokens.get("viewer") ?? "";
  const watching = await readStream({
    url: yard.url,
    token,
    query: "?topics=lead,dead_letter,partner,rules",
  });
  const id = await submitted("three", { ...payload, interest: "Art" });
  await watching.see("its end", ({ event, data }) => event === "dead_letter" && data.id === id);
  assert.not.match(JSON.stringify(watching.events), PRIVATE);
  watching.close();
});

test.run();
