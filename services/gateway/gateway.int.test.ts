import { createHmac, randomUUID } from "node:crypto";
import * as assert from "uvu/assert";
import { SourceId } from "#domain/ids.ts";
import type { RefusedMessage } from "#domain/intake/events.ts";
import { parseSecret, signedHeaders } from "#platform/webhooks.ts";
import { startTestGateway, storedIn } from "../../test/gateway/gateway.ts";
import { natsProducer } from "../../test/gateway/over-nats.ts";
import { partsSuite } from "../../test/gateway/suite.ts";
import { until } from "../../test/harness/wait.ts";
import { submissionIdOf } from "./intake/receive.ts";

const { test, parts, atEnd } = await partsSuite("the gateway on real parts");
let gateway = await startTestGateway(parts);
atEnd(() => gateway.stop());
const nats = await natsProducer(parts.nats.url);
atEnd(() => nats.close());

const lead = JSON.stringify({ email: "jane@example.com" });
const signed = (key: string, body = lead) => signedHeaders(parseSecret(parts.secret), key, body);

const ask = async (source: string, headers: Readonly<Record<string, string>>, body = lead) =>
  (await nats.ask(source, headers, body)).body;
const publish = (source: string, headers: Readonly<Record<string, string>>, body: string | Buffer = lead) =>
  nats.publish(source, headers, body);

test("it is ready, and says what it stands on", async () => {
  const { body } = await gateway.call("/readyz");
  assert.equal(Object.keys(body.dependencies).sort(), ["database", "eventstore", "nats", "vault"]);
});

test("a request over NATS is answered as one over HTTP, and is the same submission", async () => {
  const key = randomUUID();
  const first = await ask("demo", signed(key));
  assert.is(first.outcome, "accepted");
  const again = await gateway.submit(lead, { key });
  assert.is(again.body.id, first.id);
  assert.is(again.body.duplicate, true);
  const other = await ask("demo", signed(key, "{}"), "{}");
  assert.is(other.status, 400);
  const changed = JSON.stringify({ email: "other@example.com" });
  assert.is((await ask("demo", signed(key, changed), changed)).status, 422);
});

test("over NATS, too, nobody unauthenticated gets in", async () => {
  assert.is((await ask("demo", {})).status, 401);
  assert.is((await ask("nobody", signed(randomUUID()))).status, 401);
  assert.is((await ask("demo", { ...signed("k"), "webhook-id": "l" })).status, 401);
});

test("a header tells the kind", async () => {
  const body = JSON.stringify({ type: "shipment.delayed" });
  const answer = await ask("demo", { ...signed(randomUUID(), body), "X-Kind": "event" }, body);
  assert.is(answer.outcome, "accepted");
  assert.is((await ask("demo", { ...signed(randomUUID(), body), "x-kind": "letter" }, body)).status, 400);
});

test("what is published is taken in, once, and what can't be becomes a dead letter with its reason", async () => {
  const key = randomUUID();
  await publish("demo", signed(key));
  await publish("demo", signed(key));
  await publish("demo", {}, "unsigned");
  await publish("demo", signed("bad", "{}"), "{}");
  await publish("nobody.at.all", signed("k"));
  await publish("demo", signed("binary", "x"), Buffer.from([0xff, 0xfe]));
  const refusals = await until("four are refused", async () => {
    const all = await storedIn("intake-", gateway);
    return all.length >= 4 && all;
  });
  const told = refusals.map(
    ({ data }) =>
      data as { reason: string; source: string; errors: object[]; sealed: never; refusal_id: string },
  );
  assert.equal(told.map(({ reason }) => reason.replace(/:.*/, "")).sort(), [
    "invalid",
    ...Array(3).fill("unauthenticated"),
  ]);
  const invalid = told.find(({ reason }) => reason.startsWith("invalid: "));
  assert.is(invalid?.errors.length, 1);
  const vault = await gateway.vault();
  const bodies = await Promise.all(
    told.map(
      async ({ sealed, refusal_id }) => (await vault.open(sealed, `intake-${refusal_id}`)) as RefusedMessage,
    ),
  );
  assert.equal(
    bodies.map(({ body }) => body).sort(),
    ["unsigned", "{}", lead, Buffer.from([0xff, 0xfe]).toString("base64")].sort(),
  );
  assert.not.match(JSON.stringify(refusals.map(({ data }) => data)), /unsigned|\{\}/);
  const again = await gateway.submit(lead, { key });
  assert.is(again.body.duplicate, true);
});

test("what is published while no gateway runs is taken in later", async () => {
  await gateway.stop();
  const key = randomUUID();
  await publish("demo", signed(key));
  gateway = await startTestGateway(parts);
  const id = submissionIdOf(SourceId.parse("demo"), key);
  const there = () => gateway.eventStore().readStream(`submission-${id}`);
  await until("it is taken in", async () => (await there()).length > 0);
  assert.is((await gateway.submit(lead, { key })).body.id, id);
});

test("of two gateways asked at once, one takes a submission in and the other knows it", async () => {
  const second = await startTestGateway(parts);
  const keys = Array.from({ length: 50 }, () => randomUUID());
  const ask = (key: string) => Promise.all([gateway, second].map((one) => one.submit(lead, { key })));
  const answers = await Promise.all(keys.map(ask));
  for (const pair of answers) {
    assert.ok(pair.every(({ status }) => status === 202 || status === 409));
    assert.is(pair.filter(({ status, body }) => status === 202 && body.duplicate !== true).length, 1);
  }
  await second.stop();
});

test("a source made at one gateway can send to another", async () => {
  const second = await startTestGateway(parts);
  await gateway.admin("PUT", "/api/sources/site", {});
  const { body: made } = await gateway.admin("POST", "/api/sources/site/secrets");
  const key = parseSecret(made.secret);
  const send = async () => {
    const headers = { "x-source": "site", ...signedHeaders(key, "k1", lead) };
    return (await second.submit(lead, { headers })).status === 202;
  };
  await until("the other knows it", send, 3_000);
  await second.stop();
});

test("a source reads with its signature, and an unknown lead is 404", async () => {
  const signed = (path: string) => ({
    "x-source": "demo",
    ...signedHeaders(parseSecret(parts.secret), "read", `GET ${path}`),
  });
  const status = async (path: string) => (await gateway.call(path, { headers: signed(path) })).status;
  const headers = signed("/api/leads");
  const answer = await gateway.call("/api/leads", { headers });
  assert.is(answer.status, 200);
  assert.match(String(answer.headers["x-position"]), /^\d+$/);
  assert.is(await status(`/api/leads/${randomUUID()}`), 404);
  assert.is(await status(`/api/leads/${randomUUID()}/timeline`), 404);
  assert.is((await gateway.call("/api/leads")).status, 401);
  assert.is(await status("/api/leads?after=x"), 400);
  assert.is(await status("/api/leads?cursor=x"), 400);
  assert.is(await status("/api/leads?limit=201"), 400);
  const wrong = { ...headers, "webhook-signature": `v1,${createHmac("sha256", "x").digest("base64")}` };
  assert.is((await gateway.call("/api/leads", { headers: wrong })).status, 401);
});

test.run();
