import { randomUUID } from "node:crypto";
import * as assert from "uvu/assert";
import type { Submission } from "#domain/submission/submission.ts";
import { gatewaySuite } from "../../../test/gateway/suite.ts";

const { test, yard, parts } = await gatewaySuite("intake over HTTP");

const jane = {
  email: "Jane.Doe@Example.COM ",
  full_name: " Jane  Doe",
  phone: "(202) 555-0143",
  country: "usa",
};
const stored = (id: string) => yard.eventStore().readStream(`submission-${id}`);

async function opened(id: string): Promise<Submission> {
  const [event] = await stored(id);
  const { sealed } = (event?.data ?? {}) as { sealed: never };
  return (await (await yard.vault()).open(sealed, `submission-${id}`)) as Submission;
}

test("a signed lead is stored, then answered with 202", async () => {
  const { status, headers, body } = await yard.submit(jane);
  assert.is(status, 202);
  assert.is(body.outcome, "accepted");
  assert.is(body.href, `/api/leads/${body.id}`);
  assert.not.ok("duplicate" in body);
  const events = await stored(body.id);
  assert.is(events.length, 1);
  assert.is(headers["x-position"], `${events[0]?.position}`);
});

test("contact fields are normalised beside what came", async () => {
  const { body } = await yard.submit(jane, { key: "normalised" });
  const submission = await opened(body.id);
  assert.equal(submission.payload, jane);
  assert.equal(submission.normalised, {
    email: "jane.doe@example.com",
    full_name: "Jane Doe",
    phone: "+12025550143",
    country: "US",
  });
  assert.is(submission.idempotency_key, "normalised");
  assert.is(submission.kind, "lead");
  assert.is(submission.source, "demo");
});

test("nothing personal stands plain in the event", async () => {
  const { body } = await yard.submit(jane);
  assert.not.match(JSON.stringify((await stored(body.id))[0]?.data), /jane|doe|2025550143/i);
});

test("the same key with the same body is the same submission", async () => {
  const key = randomUUID();
  const first = await yard.submit(jane, { key });
  const again = await yard.submit(jane, { key });
  assert.is(again.status, 202);
  assert.is(again.body.id, first.body.id);
  assert.is(again.body.duplicate, true);
  assert.is(again.headers["x-position"], first.headers["x-position"]);
  assert.is((await stored(first.body.id)).length, 1);
});

test("the same key with another body is 422", async () => {
  const key = randomUUID();
  const first = await yard.submit(jane, { key });
  const other = await yard.submit({ ...jane, interest: "Finance" }, { key });
  assert.is(other.status, 422);
  assert.is(other.body.type, "urn:switchyard:problem:key_reused");
  assert.is((await stored(first.body.id)).length, 1);
});

test("of many at once with one key, one is taken in and the others are told so", async () => {
  const key = randomUUID();
  const answers = await Promise.all(Array.from({ length: 40 }, () => yard.submit(jane, { key })));
  const fresh = answers.filter(({ status, body }) => status === 202 && !body.duplicate);
  assert.is(fresh.length, 1);
  for (const { status, body } of answers)
    assert.ok(status === 409 || (status === 202 && body.id === fresh[0]?.body.id));
});

test("a key that is still in flight is 409", async () => {
  const key = randomUUID();
  parts.freeze();
  const both = [yard.submit(jane, { key }), yard.submit(jane, { key })];
  const { status } = await Promise.race(both).finally(() => parts.thaw());
  assert.is(status, 409);
  const answers = await Promise.all(both);
  assert.equal(answers.map((one) => one.status).sort(), [202, 409]);
});

test("assistance needs a topic and a description, and no contact", async () => {
  const path = "/api/assistance";
  assert.is((await yard.submit({ topic: "SALES", description: "Call me" }, { path })).status, 202);
  const wrong = await yard.submit({ topic: "weather", description: " " }, { path });
  assert.is(wrong.status, 400);
  assert.equal(
    wrong.body.errors.map((one: { path: string }) => one.path),
    ["topic", "description"],
  );
});

test("an event needs a type", async () => {
  const path = "/api/events";
  const { status, body } = await yard.submit(
    { type: "shipment.delayed", shipment_id: 7, phone: "?" },
    { path },
  );
  assert.is(status, 202);
  assert.is((await opened(body.id)).kind, "event");
  assert.is((await yard.submit({ event_id: "e1" }, { path })).status, 400);
});

test("what is stored tells body, key and time from the outside", async () => {
  const { body } = await yard.submit(jane);
  const [event] = await stored(body.id);
  const data = event?.data as Record<string, string>;
  assert.is(event?.type, "SubmissionReceived");
  assert.is(data.kind, "lead");
  assert.match(data.fingerprint ?? "", /^\S{20,}$/);
  assert.is(event?.metadata.correlation, body.id);
});

for (const [what, body, path] of [
  ["no identifier", { interest: "Education", email: " ", phone: null }, ""],
  ["half a name", { first_name: "Jane" }, ""],
  ["a broken address", { email: "jane@" }, "email"],
  ["a phone that is none", { phone: "+12", email: "a@example.com" }, "phone"],
  ["a national phone without a country", { phone: "0171 5550143" }, "phone"],
  ["a number for a name", { full_name: 7 }, "full_name"],
] as const) {
  test(`${what} is 400 and names the path`, async () => {
    const answer = await yard.submit(body);
    assert.is(answer.status, 400);
    assert.match(String(answer.headers["content-type"]), /application\/problem\+json/);
    assert.is(answer.body.errors[0].path, path);
  });
}

test("a payload may have the fields that a refusal has", async () => {
  const { status, body } = await yard.submit({ ...jane, refused: "invalid", reason: "invalid", errors: [] });
  assert.is(status, 202);
  assert.is((await opened(body.id)).payload.refused, "invalid");
});

const deep = (levels: number): string => `${'{"a":'.repeat(levels)}1${"}".repeat(levels)}`;
for (const [what, body] of [
  ["no JSON", "hello"],
  ["nothing", ""],
  ["an array", "[]"],
  ["invalid UTF-8", Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])],
  ["a prototype", '{"email":"a@example.com","__proto__":{"admin":true}}'],
  ["an escaped prototype", '{"email":"a@example.com","\\u005f_proto__":{"admin":true}}'],
  ["too deep a nest", deep(40)],
  ["a very deep nest", deep(30_000)],
  [
    "too many keys",
    JSON.stringify(Object.fromEntries(Array.from({ length: 12_000 }, (_, at) => [`k${at}`, 1]))),
  ],
  ["a number out of range", '{"email":"a@example.com","n":1e999}'],
] as const) {
  test(`${what} is 400`, async () => assert.is((await yard.submit(body)).status, 400));
}

test("more than 256 KiB is 413", async () => {
  const filler = (bytes: number): string => JSON.stringify({ email: "a@example.com", x: "y".repeat(bytes) });
  assert.is((await yard.submit(filler(256 * 1024 - 100))).status, 202);
  assert.is((await yard.submit(filler(256 * 1024))).status, 413);
  assert.is((await yard.submit(filler(3 * 1024 * 1024))).status, 413);
});

test("415 comes before 413, 413 before 401, 401 before 400", async () => {
  const large = "x".repeat(300 * 1024);
  const unsigned = { "webhook-signature": "v1,AAAA" };
  assert.is(
    (await yard.submit(large, { headers: { ...unsigned, "content-type": "text/plain" } })).status,
    415,
  );
  assert.is((await yard.submit(large, { headers: unsigned })).status, 413);
  assert.is((await yard.submit("no json", { headers: unsigned })).status, 401);
  assert.is((await yard.submit("no json")).status, 400);
});

for (const [what, headers] of [
  ["other content", { "content-type": "application/xml" }],
  ["another charset", { "content-type": "application/json; charset=utf-16" }],
  ["compressed content", { "content-encoding": "gzip" }],
] as const) {
  test(`${what} is 415`, async () => assert.is((await yard.submit(jane, { headers })).status, 415));
}

test("without the event store it is 503 within five seconds, and later goes in once", async () => {
  const key = randomUUID();
  parts.freeze();
  const began = performance.now();
  const refused = await yard.submit(jane, { key }).finally(() => parts.thaw());
  assert.is(refused.status, 503);
  assert.ok(performance.now() - began < 5_000);
  assert.ok(Number(refused.headers["retry-after"]) >= 1);
  const { status, body } = await yard.submit(jane, { key });
  assert.is(status, 202);
  assert.is((await stored(body.id)).length, 1);
});

test("metrics tell outcomes, and name no source that does not exist", async () => {
  await yard.submit(jane, { headers: { "x-source": "made-up-name" } });
  const { text } = await yard.call("/metrics");
  assert.match(text, /switchyard_submissions_total\{source="demo",kind="lead",outcome="accepted"\} \d/);
  assert.match(
    text,
    /switchyard_submissions_total\{source="unknown",kind="lead",outcome="unauthenticated"\} \d/,
  );
  assert.not.match(text, /made-up-name/);
});

test("nothing personal and no secret was logged", () => {
  assert.not.match(yard.logged(), /jane|555-0143|whsec_/i);
});

test.run();
