// The kinds of delivery at the door: what is refused, what nobody reads back, and deliveries that are only a test.
import { readFileSync } from "node:fs";
import * as assert from "uvu/assert";
import { PartnerId } from "#domain/ids.ts";
import { PARTNER_CONFIG_STREAM } from "#domain/partner/config.ts";
import { partnerStream } from "#domain/partner/events.ts";
import { newSecret } from "#platform/webhooks.ts";
import { startTestGateway } from "../../../test/gateway/gateway.ts";
import { partsSuite } from "../../../test/gateway/suite.ts";
import { startPartners } from "../../partners/app.ts";
import { serveRequests } from "../../partners/requests.ts";
import { createSimulator } from "../../simulator/app.ts";

const { test, parts, atEnd } = await partsSuite("kinds of delivery over HTTP");
const yard = await startTestGateway(parts, { allowPrivatePartners: true }, [startPartners]);
atEnd(() => yard.stop());
const simulator = await createSimulator();
atEnd(() => simulator.close());

const put = (id: string, delivery: object, more: object = {}) =>
  yard.admin("PUT", `/api/partners/${id}`, { name: "Partner", delivery, ...more });
const get = (id: string) => yard.admin("GET", `/api/partners/${id}`);
const tryIt = (id: string, body?: object) => yard.admin("POST", `/api/partners/${id}/test`, body);
const paths = (body: { errors?: { path: string }[] }): string[] =>
  (body.errors ?? []).map(({ path }) => path);

const HIDDEN = "…";
const webhook_url = "http://127.0.0.1:1/services/T0/B0/s3cretHook";
const slack = { type: "slack", webhook_url };
const smtp_url = "smtps://ann:s3cret%20p%C3%A4ss@mail.shop.example:465";
const email = { type: "email", to: "sales@shop.example", smtp_url };
const fn = { type: "function", code: "(lead) => ({ outcome: 'success' })" };

for (const [what, delivery, path, status = 422] of [
  [
    "a webhook with a user",
    { ...slack, webhook_url: "https://ann:pw@hooks.example/" },
    "delivery.webhook_url",
  ],
  ["a webhook that is none", { ...slack, webhook_url: "ftp://hooks.example/" }, "delivery.webhook_url", 400],
  ["a text that is no template", { ...slack, text: "{{a b}}" }, "delivery.text"],
  ["an unknown field of Slack's", { ...slack, channel: "#leads" }, "delivery.channel"],
  ["a webhook to keep that there is not", { ...slack, webhook_url: HIDDEN }, "delivery.webhook_url"],
  ["nobody to write to", { ...email, to: " , " }, "delivery.to"],
  ["an address that is none", { ...email, to: "ann@shop.example, bob" }, "delivery.to"],
  ["an address of two lines", { ...email, to: "ann@shop.example\r\nbcc: bob@shop.example" }, "delivery.to"],
  ["two senders", { ...email, from: "a@shop.example, b@shop.example" }, "delivery.from"],
  ["a sender that is a template", { ...email, from: "{{email}}" }, "delivery.from"],
  ["a subject that is no template", { ...email, subject: "{{" }, "delivery.subject"],
  ["another mail protocol", { ...email, smtp_url: "imap://mail.shop.example" }, "delivery.smtp_url", 400],
  ["a mail server with a path", { ...email, smtp_url: "smtp://mail.shop.example/a" }, "delivery.smtp_url"],
  ["a user without a password", { ...email, smtp_url: "smtp://ann@mail.shop.example" }, "delivery.smtp_url"],
  ["no mail server at all", { type: "email", to: "a@shop.example" }, "delivery.smtp_url"],
  [
    "a password to keep that there is not",
    { ...email, smtp_url: `smtp://ann:${HIDDEN}@mail.shop.example` },
    "delivery.smtp_url",
  ],
  ["another subject", { type: "nats", subject: "yard.partner.edu" }, "delivery.subject", 400],
  ["a subject with a wildcard", { type: "nats", subject: "partners.>" }, "delivery.subject", 400],
  ["a host that is none", { ...fn, allowed_hosts: ["https://api.shop.example"] }, "delivery.allowed_hosts.0"],
  ["a host with a wildcard", { ...fn, allowed_hosts: ["*"] }, "delivery.allowed_hosts.0"],
  ["code that is no function", { ...fn, code: '"text"' }, "delivery.code"],
  ["no code", { ...fn, code: "" }, "delivery.code", 400],
] as [string, object, string, number?][])
  test(`${what} is refused at the door, with its path`, async () => {
    const refused = await put("odd", delivery);
    assert.is(refused.status, status, refused.text);
    assert.equal(paths(refused.body), [path]);
    assert.not.match(refused.text, /s3cret/);
    assert.is((await get("odd")).status, 404);
  });

test("a function that does not compile is refused with the line where it is wrong", async () => {
  const code = "(lead) => {\n  const a = 1;\n  return a b;\n}";
  const refused = await put("odd", { ...fn, code });
  assert.equal([refused.status, paths(refused.body)], [422, ["delivery.code"]]);
  assert.match(refused.body.errors[0].message, /^line 3: /);
  const dedupe = { function: "(lead) =>\n lead.email lead.phone" };
  const other = await put("odd", slack, { dedupe });
  assert.equal([other.status, paths(other.body)], [422, ["dedupe.function"]]);
  assert.match(other.body.errors[0].message, /^line 2: /);
  const looping = await put("odd", { ...fn, code: "for (;;);" });
  assert.equal([looping.status, paths(looping.body)], [422, ["delivery.code"]]);
  assert.is((await put("sound", fn, { dedupe: { function: "(lead) => lead.email" } })).status, 200);
});

test("what was read of each kind can be written back, changes nothing, and shows no secret", async () => {
  for (const [id, delivery, shown] of [
    ["slack", { ...slack, text: "{{email}}" }, { webhook_url: HIDDEN }],
    ["email", email, { smtp_url: `smtps://ann:${HIDDEN}@mail.shop.example:465` }],
    ["nats", { type: "nats", subject: "partners.edu.leads" }, {}],
    ["function", { ...fn, allowed_hosts: ["api.shop.example:8443"] }, {}],
  ] as const) {
    const made = await put(id, delivery);
    assert.is(made.status, 200, made.text);
    assert.not.match(made.text, /s3cret/);
    assert.equal({ ...made.body.delivery, ...shown }, made.body.delivery);
    const { body } = await get(id);
    assert.is((await yard.admin("PUT", `/api/partners/${id}`, body)).status, 200);
    assert.equal((await get(id)).body, { ...body, version: body.version + 1 });
    const { timeout_ms: _, ...stored } = (await storedDelivery(id)) as { timeout_ms?: number };
    assert.equal(stored, delivery);
  }
});

/** The delivery as it is stored, in the clear. */
async function storedDelivery(id: string): Promise<unknown> {
  const all = await yard.eventStore().readStream(PARTNER_CONFIG_STREAM);
  const last = all.findLast(({ data }) => (data as { partner: string }).partner === id);
  assert.ok(last);
  const { delivery } = last.data as { delivery: { sealed: never } };
  return (await yard.vault()).open(delivery.sealed, `partner_config-${id}`);
}

test("a password is kept for its user and its host alone", async () => {
  await put("kept", email);
  const to = (url: string) => put("kept", { ...email, smtp_url: url });
  const moved = `smtp://ann:${HIDDEN}@mail.shop.example:587`;
  assert.is((await to(moved)).status, 200);
  assert.is(
    ((await storedDelivery("kept")) as { smtp_url: string }).smtp_url,
    "smtp://ann:s3cret%20p%C3%A4ss@mail.shop.example:587",
  );
  for (const other of [`smtp://ann:${HIDDEN}@bad.example`, `smtp://bob:${HIDDEN}@mail.shop.example`]) {
    const refused = await to(other);
    assert.equal([refused.status, paths(refused.body)], [422, ["delivery.smtp_url"]]);
  }
  const another = await put("kept", { ...slack, webhook_url: HIDDEN });
  assert.equal([another.status, paths(another.body)], [422, ["delivery.webhook_url"]]);
});

test("nothing that a kind keeps secret stands unsealed in the log", async () => {
  const all = await yard.eventStore().readStream(PARTNER_CONFIG_STREAM);
  assert.ok(all.length > 5);
  assert.not.match(JSON.stringify(all.map(({ data }) => data)), /s3cret|shop\.example|outcome: 'success'/);
});

test("a test delivery goes over the real channel, marked, and is shown in full but its secrets", async () => {
  const delivery = {
    type: "http",
    url: `${simulator.url}/partners/tested`,
    headers: { "x-key": "s3cret-key" },
    secret_headers: ["x-key"],
    secret: newSecret(),
  };
  await put("tested", delivery, { price: 4 });
  const submission = {
    kind: "assistance",
    topic: "sales",
    description: "Hello",
    email: "Bo@Customer.example",
  };
  const tested = await tryIt("tested", { submission });
  assert.is(tested.status, 200, tested.text);
  const { request, response, outcome, price, timings } = tested.body;
  assert.equal([outcome, price], ["success", 4]);
  assert.equal([response.status, response.body], [200, { status: "accepted" }]);
  assert.equal([request.headers["x-switchyard-test"], request.headers["x-key"]], ["true", HIDDEN]);
  assert.equal([request.body.kind, request.body.email], ["assistance", "bo@customer.example"]);
  assert.ok(timings.total_ms >= timings.partner_ms && timings.partner_ms > 0);
  assert.not.match(tested.text, /s3cret|whsec_/);
  const { items } = (await (await fetch(`${simulator.url}/partners/tested/requests`)).json()) as {
    items: { headers: Record<string, string>; body: string }[];
  };
  assert.is(items.length, 1);
  assert.is(items[0]?.headers["x-switchyard-test"], "true");
  assert.equal(JSON.parse(items[0]?.body ?? ""), request.body);
});

test("a test delivery is recorded nowhere and counted nowhere", async () => {
  const { body } = await get("tested");
  assert.equal([body.delivered, body.failed, body.queue_depth, body.circuit_state], [0, 0, 0, "closed"]);
  assert.equal(await yard.eventStore().readStream(partnerStream(PartnerId.parse("tested"))), []);
  const { text } = await yard.call("/metrics");
  assert.not.match(text, /deliveries_total\{[^}]*partner="tested"/);
});

test("a test delivery of each kind says in its own way that it is one", async () => {
  await put("by-slack", { type: "slack", webhook_url: `${simulator.url}/slack/by-slack` });
  const bySlack = await tryIt("by-slack");
  assert.is(bySlack.body.outcome, "success", bySlack.text);
  assert.match(bySlack.body.request.body.text, /^\[Test\] /);
  await put("by-mail", { type: "email", to: "by-mail@partners.example", smtp_url: simulator.smtpUrl });
  const byMail = await tryIt("by-mail");
  assert.is(byMail.body.outcome, "success", byMail.text);
  assert.match(byMail.body.request.subject, /^\[Test\] /);
  await put("by-nats", { type: "nats", subject: "partners.by-nats" });
  const byNats = await tryIt("by-nats");
  assert.is(byNats.body.outcome, "success", byNats.text);
  assert.is((await (await yard.bus()).lastMessage("PARTNERS"))?.headers?.get("x-switchyard-test"), "true");
  await put("by-function", {
    ...fn,
    code: "(lead) => ({ outcome: lead.test ? 'failure' : 'success', reason: 'a test' })",
  });
  const byFunction = await tryIt("by-function");
  assert.equal([byFunction.body.outcome, byFunction.body.reason], ["failure", "a test"], byFunction.text);
});

test("a test delivery that goes wrong says so, also to a partner that is paused", async () => {
  await put("down", { type: "http", url: "http://127.0.0.1:1/" });
  await yard.admin("POST", "/api/partners/down/pause");
  const { status, body } = await tryIt("down");
  assert.equal([status, body.outcome, body.reason], [200, "error", "econnrefused"]);
  assert.is((await get("down")).body.circuit_state, "closed");
});

test("a test delivery is for a partner that there is, of a submission that can be, and not too often", async () => {
  assert.is((await tryIt("nobody")).status, 404);
  await put("often", { type: "http", url: `${simulator.url}/partners/often` });
  for (const [body, path, status] of [
    [{ payload: {} }, "payload", 422],
    [{ submission: { kind: "pigeon" } }, "submission.kind", 422],
    [{ submission: { email: "nobody" } }, "submission.email", 422],
    [{ submission: 7 }, "submission", 400],
  ] as const) {
    const refused = await tryIt("often", body);
    assert.equal([refused.status, paths(refused.body)], [status, [path]], refused.text);
  }
  const answers = await Promise.all(Array.from({ length: 20 }, () => tryIt("often")));
  const limited = answers.find(({ status }) => status === 429);
  assert.ok(limited && Number(limited.headers["retry-after"]) >= 1);
  assert.ok(answers.filter(({ status }) => status === 200).length <= 10);
  assert.is((await tryIt("down")).status, 200, "the limit is each partner's own");
});

test("no kind of delivery may lead to a private address where that is not allowed", async () => {
  const closed = await startTestGateway(parts, { allowPrivatePartners: false });
  atEnd(() => closed.stop());
  for (const [delivery, path] of [
    [slack, "delivery.webhook_url"],
    [{ ...email, smtp_url: "smtp://localhost:25" }, "delivery.smtp_url"],
    [{ ...email, smtp_url: "smtp://0x7f.1" }, "delivery.smtp_url"],
    [{ ...email, smtp_url: "smtp://[::1]:25" }, "delivery.smtp_url"],
    [{ ...fn, allowed_hosts: ["127.0.0.1:8090"] }, "delivery.allowed_hosts.0"],
  ] as const) {
    const refused = await closed.admin("PUT", "/api/partners/inside", { name: "Inside", delivery });
    assert.equal([refused.status, paths(refused.body)], [422, [path]], refused.text);
  }
});

/** What the shell fills in. */
const filledIn = (text: string): string =>
  text
    .replaceAll(`'"$SIM"'`, simulator.url)
    .replaceAll(`'"\${SIM#http://}"'`, new URL(simulator.url).host)
    .replaceAll(`'"$(cat .data/simulator-smtp.url)"'`, simulator.smtpUrl);

/** What is between quotes in `curl … -d '…'`, by the id in its URL. */
const examples = [
  ...filledIn(readFileSync(new URL("../../../docs/delivery.md", import.meta.url), "utf8")).matchAll(
    /^curl -X PUT \S+\/api\/partners\/(\w+) [^']*'[^']*' -d '([^']*)'\ntest_partner \1$/gm,
  ),
];

test("the documentation has an example of each kind of delivery", () => {
  const types = examples.map(([, , body = ""]) => JSON.parse(body).delivery.type);
  assert.equal([...new Set(types)].sort(), ["email", "function", "http", "nats", "slack"]);
  assert.is(examples.length, 6);
});

for (const [, id = "", body = ""] of examples)
  test(`the example "${id}" of the documentation can be configured and tested as it stands there`, async () => {
    const made = await yard.admin("PUT", `/api/partners/${id}`, JSON.parse(body));
    assert.is(made.status, 200, made.text);
    const tested = await tryIt(id);
    assert.equal([tested.status, tested.body.outcome], [200, "success"], tested.text);
  });

test("where nobody delivers or all are too busy, no function is configured, and none is blamed", async () => {
  const alone = await startTestGateway(parts, { allowPrivatePartners: true });
  // Not with the other gateway's process: it would answer.
  await yard.lifecycle.stop("the test says so");
  try {
    const tested = await alone.admin("POST", "/api/partners/tested/test");
    assert.is(tested.status, 503, tested.text);
    assert.match(tested.body.detail, /role partners/);
    const configured = await alone.admin("PUT", "/api/partners/fn", { name: "Fn", delivery: fn });
    assert.is(configured.status, 503, configured.text);
    const plain = { name: "Plain", delivery: { type: "nats", subject: "partners.plain" } };
    assert.is((await alone.admin("PUT", "/api/partners/plain", plain)).status, 200);

    const run = async () => ({ ok: false, failure: "no_turn", message: "busy", logs: [] }) as const;
    const { lifecycle } = alone;
    const [bus, vault] = await Promise.all([alone.bus(), alone.vault()]);
    const idle = { channels: {} as never, partners: () => new Map() };
    await serveRequests({ bus, vault, sandbox: { run }, ...idle, lifecycle });
    const busy = await alone.admin("PUT", "/api/partners/fn", { name: "Fn", delivery: fn });
    assert.equal([busy.status, busy.headers["retry-after"]], [503, "1"], busy.text);
    assert.match(busy.body.detail, /too busy/);
  } finally {
    await alone.stop();
  }
});

test.run();
