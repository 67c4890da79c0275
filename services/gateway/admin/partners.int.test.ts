// What can be configured about a partner, what of it can be read, and what a configuration that is odd already keeps from happening.
import * as assert from "uvu/assert";
import { SubmissionId } from "#domain/ids.ts";
import { PARTNER_CONFIG_STREAM } from "#domain/partner/config.ts";
import { partnerMailbox, partnerSubject } from "#platform/bus/subjects.ts";
import { newUuid } from "#platform/ids.ts";
import { newSecret } from "#platform/webhooks.ts";
import { gatewaySuite } from "../../../test/gateway/suite.ts";
import { until } from "../../../test/harness/wait.ts";

const { test, yard } = await gatewaySuite("partners over HTTP", { allowPrivatePartners: true });
const url = "http://127.0.0.1:1/leads";
const http = { type: "http", url };
const usual = { name: "Education", delivery: http };
const put = (id: string, body: object) => yard.admin("PUT", `/api/partners/${id}`, body);
const get = (id: string) => yard.admin("GET", `/api/partners/${id}`);
const withDelivery = (more: object): object => ({ ...usual, delivery: { ...http, ...more } });
const scheduled = (schedule: object, window: object = {}): object => {
  const open = [{ days: ["mon"], from: "09:00", to: "17:30", ...window }];
  return { ...usual, schedule: { time_zone: "Europe/Berlin", open, ...schedule } };
};
const paths = (body: { errors?: { path: string }[] }): string[] =>
  (body.errors ?? []).map(({ path }) => path);

const HIDDEN = "…";
const DAY = 86_400_000;

for (const [what, body, path, status = 422] of [
  ["a blank name", { ...usual, name: "  " }, "name"],
  ["a name without end", { ...usual, name: "x".repeat(201) }, "name"],
  ["a name with a NUL", { ...usual, name: "a\u0000b" }, "name"],
  ["half a character", withDelivery({ body: { a: { b: "\ud800" } } }), "delivery.body.a.b"],
  ["half a character in a name", withDelivery({ body: { "\ud800": 1 } }), "delivery.body"],
  ["a user in the URL", withDelivery({ url: "http://ann@host/" }), "delivery.url"],
  ["a password in the URL", withDelivery({ url: "http://:pw@host/" }), "delivery.url"],
  ["a port that is none", withDelivery({ url: "http://host:0/" }), "delivery.url"],
  ["an endless URL", withDelivery({ url: `http://host/${"x".repeat(2_048)}` }), "delivery.url"],
  ["another scheme", withDelivery({ url: "file:///etc/passwd" }), "delivery.url", 400],
  ["a method that is none", withDelivery({ method: "GE T" }), "delivery.method", 400],
  ["a header's name that is none", withDelivery({ headers: { "a b": "x" } }), "delivery.headers.a b", 400],
  ["a header without a name", withDelivery({ headers: { "": "x" } }), "delivery.headers.", 400],
  ["a header of two lines", withDelivery({ headers: { "x-a": "a\r\nb: c" } }), "delivery.headers.x-a", 400],
  ["a header beyond Latin-1", withDelivery({ headers: { "x-a": "€" } }), "delivery.headers.x-a", 400],
  ["a header of the connection", withDelivery({ headers: { Host: "x" } }), "delivery.headers.Host"],
  ["a header of ours", withDelivery({ headers: { "Webhook-Id": "x" } }), "delivery.headers.Webhook-Id"],
  ["a header twice", withDelivery({ headers: { "x-a": "1", "X-A": "2" } }), "delivery.headers.X-A"],
  [
    "more headers than anybody takes",
    withDelivery({ headers: { "x-a": "x".repeat(9_000) } }),
    "delivery.headers",
  ],
  [
    "a secret header that is not given",
    withDelivery({ secret_headers: ["x-b"] }),
    "delivery.secret_headers.0",
  ],
  ["a secret that can't sign", withDelivery({ secret: "whsec_x" }), "delivery.secret", 400],
  ["a secret that is no base64", withDelivery({ secret: `whsec_${"A".repeat(33)}` }), "delivery.secret", 400],
  ["a template that is none", withDelivery({ body: { a: ["{{b c}}"] } }), "delivery.body.a.0"],
  ["a template without end", withDelivery({ body: { a: "{{b}" } }), "delivery.body.a"],
  ["a template larger than any", withDelivery({ body: { a: "x".repeat(70_000) } }), "delivery.body"],
  ["a timeout beyond all patience", withDelivery({ timeout_ms: 1e12 }), "delivery.timeout_ms", 400],
  ["a wait beyond all timers", { ...usual, retry: { max_ms: 30 * DAY } }, "retry.max_ms"],
  ["a first wait beyond the last", { ...usual, retry: { base_ms: 2, max_ms: 1 } }, "retry.max_ms"],
  ["a rest beyond all dates", { ...usual, circuit: { open_ms: 9e15 } }, "circuit.open_ms"],
  ["a rate that is none", { ...usual, limits: { per_second: 1e-9 } }, "limits.per_second"],
  ["a rate beyond all", { ...usual, limits: { per_second: 1e9 } }, "limits.per_second"],
  ["a price beyond all", { ...usual, price: 1e300 }, "price", 400],
  [
    "a window beyond all",
    { ...usual, dedupe: { fields: ["a"], window_hours: 1e300 } },
    "dedupe.window_hours",
  ],
  ["a field twice", { ...usual, dedupe: { fields: ["a", "a"] } }, "dedupe.fields"],
  ["a path that is none", { ...usual, dedupe: { fields: ["a..b"] } }, "dedupe.fields.0"],
  ["a response path that is none", { ...usual, response: { reason_path: "a." } }, "response.reason_path"],
  [
    "nothing to compare with",
    { ...usual, response: { success: { path: "a" } } },
    "response.success.equals",
    400,
  ],
  [
    "a success that is a duplicate",
    { ...usual, response: { success: { path: "a", equals: 1 }, duplicate: { path: "a", equals: 1 } } },
    "response.duplicate",
  ],
  ["a cap below nothing", { ...usual, caps: { hour: -1 } }, "caps.hour", 400],
  ["an unknown cap", { ...usual, caps: { week: 1 } }, "caps.week"],
  ["a time zone that there is not", scheduled({ time_zone: "Europe/Atlantis" }), "schedule.time_zone"],
  ["a schedule without hours", scheduled({ open: [] }), "schedule.open", 400],
  ["an unknown day", scheduled({}, { days: ["someday"] }), "schedule.open.0.days.0"],
  ["a window without time", scheduled({}, { to: "09:00" }), "schedule.open.0.to"],
  ["a time that is none", scheduled({}, { from: "9 am" }), "schedule.open.0.from"],
  ["an unknown field", { ...usual, retries: 3 }, "retries"],
  ["an unknown field of the delivery", withDelivery({ retry: {} }), "delivery.retry"],
  ["an unknown field of the response", { ...usual, response: { succes: {} } }, "response.succes"],
  ["a secret to keep that there is not", withDelivery({ secret: HIDDEN }), "delivery.secret"],
  [
    "a header to keep that there is not",
    withDelivery({ headers: { "x-a": HIDDEN } }),
    "delivery.headers.x-a",
  ],
] as [string, object, string, number?][])
  test(`${what} is refused at the door, with its path`, async () => {
    const refused = await put("odd", body);
    assert.is(refused.status, status, refused.text);
    assert.equal(paths(refused.body), [path]);
    assert.ok(refused.body.errors[0].message.length > 5);
    assert.is((await get("odd")).status, 404);
  });

test("what was read can be written back, and changes nothing", async () => {
  const delivery = {
    ...http,
    method: "PUT",
    headers: { "X-Key": "s3cret-key", "x-campaign": "autumn", Authorization: "Bearer t0ken" },
    secret_headers: ["x-key"],
    secret: newSecret(),
    body: { who: "{{email}}" },
  };
  const response = { success: { path: "ok", equals: true }, reason_path: "why" };
  const made = await put("round", { ...usual, delivery, response, price: 3, limits: { per_second: 5 } });
  assert.is(made.status, 200, made.text);
  assert.not.match(made.text, /s3cret|t0ken|whsec/);
  assert.equal(made.body.delivery.headers, {
    "X-Key": HIDDEN,
    "x-campaign": "autumn",
    Authorization: HIDDEN,
  });
  assert.is(made.body.delivery.secret, HIDDEN);
  const read = await get("round");
  const again = await put("round", read.body);
  assert.is(again.status, 200, again.text);
  assert.equal((await get("round")).body, { ...read.body, version: read.body.version + 1 });
  assert.equal(await storedDelivery("round"), { ...delivery, timeout_ms: 10_000 });
});

/** The delivery as it is stored, in the clear. */
async function storedDelivery(id: string): Promise<unknown> {
  const all = await yard.eventStore().readStream(PARTNER_CONFIG_STREAM);
  const last = all.findLast(
    ({ type, data }) => type === "PartnerConfigured" && (data as { partner: string }).partner === id,
  );
  assert.ok(last);
  const { delivery } = last.data as { delivery: { sealed: never } };
  return (await yard.vault()).open(delivery.sealed, `partner_config-${id}`);
}

test("a secret is kept while it stays one, and can't be read by naming it no longer", async () => {
  const headers = { "x-key": "s3cret-key" };
  await put("kept", withDelivery({ headers, secret_headers: ["x-key"] }));
  const moved = { url: "http://127.0.0.1:2/", headers: { "X-KEY": HIDDEN }, secret_headers: ["X-Key"] };
  assert.is((await put("kept", withDelivery(moved))).status, 200);
  assert.equal(((await storedDelivery("kept")) as { headers: object }).headers, { "X-KEY": "s3cret-key" });
  const revealing = await put("kept", withDelivery({ headers: { "x-key": HIDDEN } }));
  assert.is(revealing.status, 422);
  assert.equal(paths(revealing.body), ["delivery.headers.x-key"]);
});

test("what one keeps is what the other has put a moment before", async () => {
  await put("race", withDelivery({ secret: newSecret() }));
  const secrets = Array.from({ length: 5 }, newSecret);
  const answers = await Promise.all(
    secrets.flatMap((secret, n) => [
      put("race", withDelivery({ secret })),
      put("race", withDelivery({ secret: HIDDEN, timeout_ms: 1_000 + n })),
    ]),
  );
  assert.equal([...new Set(answers.map(({ status }) => status))], [200]);
  const events = await yard.eventStore().readStream(PARTNER_CONFIG_STREAM);
  const vault = await yard.vault();
  const last = [];
  for (const { data } of events.filter(({ data }) => (data as { partner?: string }).partner === "race"))
    last.push(
      (await vault.open(
        (data as never as { delivery: { sealed: never } }).delivery.sealed,
        "partner_config-race",
      )) as {
        secret: string;
        timeout_ms: number;
      },
    );
  for (const [n, { secret, timeout_ms }] of last.entries())
    if (timeout_ms !== 10_000) assert.is(secret, last[n - 1]?.secret);
});

test("nothing that is configured stands unsealed in the log but names, numbers and switches", async () => {
  const delivery = { headers: { "x-campaign": "c4mpaign" }, body: { note: "t3mplate" } };
  await put("sealed", withDelivery({ ...delivery, url: "http://127.0.0.1:1/p4th" }));
  const all = await yard.eventStore().readStream(PARTNER_CONFIG_STREAM);
  assert.not.match(JSON.stringify(all.map(({ data }) => data)), /c4mpaign|t3mplate|p4th/);
});

async function store(type: string, data: object): Promise<bigint> {
  const event = { id: newUuid(), type, data, metadata: { schema: 1, at: new Date().toISOString() } };
  const { position } = await yard.eventStore().append(PARTNER_CONFIG_STREAM, "any", [event]);
  return position;
}

/** As releases before stored it. */
const before = (partner: string, delivery: object, more: object = {}): object => ({
  partner,
  config: { name: partner, enabled: true, delivery, retry: {}, circuit: {}, limits: {}, idempotent: true },
  ...more,
});

test("what earlier releases stored is read, shown without its secrets, and keeps them", async () => {
  const secret = newSecret();
  const vault = await yard.vault();
  const sealed_secret = await vault.seal("secrets", secret, "partner_config-elder");
  const headers = { Authorization: "Bearer t0ken" };
  await store("PartnerConfigured", before("elder", { ...http, method: "POST", headers }, { sealed_secret }));
  await put("sentinel", usual);
  const shown = await get("elder");
  assert.equal([shown.body.signed, shown.body.delivery.secret], [true, HIDDEN]);
  assert.equal(shown.body.delivery.headers, { Authorization: HIDDEN });
  assert.is((await put("elder", shown.body)).status, 200);
  const stored = (await storedDelivery("elder")) as { secret: string; headers: object };
  assert.equal([stored.secret, stored.headers], [secret, headers]);
});

test("a partner whose stored configuration can't be used is shown as such, and all others are changed as ever", async () => {
  await put("sound", usual);
  await store("PartnerConfigured", { partner: "unreadable", config: 7 });
  await store("PartnerConfigured", before("unsendable", { ...http, headers: { "x-a": "a\nb" } }));
  await store("PartnerConfigured", { partner: "No id" });
  await store("PartnerPaused", { partner: ["sound"] });
  assert.is((await yard.admin("POST", "/api/partners/sound/pause")).body.paused, true);
  assert.is((await yard.admin("POST", "/api/partners/sound/resume")).body.paused, false);
  assert.is((await put("sound", usual)).status, 200);

  const { body: listed } = await yard.admin("GET", "/api/partners");
  const shown = (id: string) => listed.items.find((one: { id: string }) => one.id === id);
  assert.equal([shown("unreadable").delivery, paths(shown("unreadable"))], [null, [""]]);
  assert.equal([shown("unsendable").delivery, paths(shown("unsendable"))], [null, ["delivery.headers.x-a"]]);
  assert.is((await yard.admin("POST", "/api/partners/unreadable/pause")).body.paused, true);
  assert.is((await put("unsendable", usual)).status, 200);
  assert.is((await yard.admin("DELETE", "/api/partners/unreadable")).status, 204);
  const { text } = await yard.call("/metrics");
  assert.match(text, /switchyard_events_passed_over_total\{view="partners"\} 2/);
});

test("a partner with a secret that can't sign keeps nobody from mending it", async () => {
  const vault = await yard.vault();
  const sealed_secret = await vault.seal("secrets", "whsec_x", "partner_config-weak");
  await store("PartnerConfigured", before("weak", http, { sealed_secret }));
  await put("sentinel", usual);
  assert.equal(paths((await get("weak")).body), ["delivery.secret"]);
  assert.equal(paths((await put("weak", usual)).body), ["delivery.secret"]);
  assert.is((await put("weak", withDelivery({ secret: newSecret() }))).status, 200);
  assert.equal(paths((await get("weak")).body), []);
});

test("a partner for whom something waits is removed only by who says what becomes of it", async () => {
  await put("waited", usual);
  const bus = await yard.bus();
  const mailbox = { filter: partnerSubject("waited", ">"), maxBatch: 1, maxAckPending: 1, ackWaitMs: 60_000 };
  const opened = await bus.mailbox({
    name: partnerMailbox("waited"),
    ...mailbox,
    onBatch: async () => undefined,
  });
  await opened.close();
  const id = SubmissionId.parse(newUuid());
  await bus.publish(partnerSubject("waited", "SubmissionRouted"), Buffer.from("{}"), { id });
  const refused = await yard.admin("DELETE", "/api/partners/waited");
  assert.is(refused.status, 409);
  assert.match(refused.body.detail, /^1 submissions wait/);
  assert.is(refused.body.waiting, 1);
  const odd = await yard.admin("DELETE", "/api/partners/waited?drain=away");
  assert.equal([odd.status, paths(odd.body)], [400, ["drain"]]);
  const unknown = await yard.admin("DELETE", "/api/partners/waited?force=true");
  assert.equal([unknown.status, paths(unknown.body)], [400, ["force"]]);
  assert.is((await yard.admin("DELETE", "/api/partners/waited?drain=dead_letter")).status, 204);
  const [last] = await yard.eventStore().readStreamBackwards(PARTNER_CONFIG_STREAM, 1);
  assert.equal(last?.data, { partner: "waited", drain: "dead_letter" });
});

test("nothing of a removed partner's is kept for who comes after it", async () => {
  await put("again", withDelivery({ secret: newSecret() }));
  await yard.admin("POST", "/api/partners/again/pause");
  await yard.admin("DELETE", "/api/partners/again");
  assert.equal(paths((await put("again", withDelivery({ secret: HIDDEN }))).body), ["delivery.secret"]);
  const { body } = await put("again", usual);
  assert.equal([body.signed, body.paused], [false, false]);
});

test("thirty are configured at the same moment, in one stream", async () => {
  // A machine that is short of processors may ask some of them to come again.
  const putUntilTaken = (n: number) =>
    until(`many-${n} is configured`, async () => {
      const answer = await put(`many-${n}`, usual);
      return answer.status !== 503 && answer;
    });
  const all = await Promise.all(Array.from({ length: 30 }, (_, n) => putUntilTaken(n)));
  assert.equal([...new Set(all.map(({ status }) => status))], [200]);
});

test.run();
