import { randomUUID } from "node:crypto";
import { connect, headers as natsHeaders } from "nats";
import * as assert from "uvu/assert";
import { SourceId } from "#domain/ids.ts";
import { parseSecret, signedHeaders } from "#platform/webhooks.ts";
import { storedIn } from "../../../test/gateway/gateway.ts";
import { natsProducer } from "../../../test/gateway/over-nats.ts";
import { gatewaySuite } from "../../../test/gateway/suite.ts";
import { filesWith } from "../../../test/harness/stored-bytes.ts";
import { until } from "../../../test/harness/wait.ts";
import { submissionIdOf } from "./receive.ts";

const { test, yard, parts, atEnd } = await gatewaySuite("intake over NATS");
const nats = await natsProducer(parts.nats.url);
atEnd(() => nats.close());

const lead = '{"email":"jane@example.com"}';
const signed = (key: string = randomUUID(), body = lead, now?: number) =>
  signedHeaders(parseSecret(parts.secret), key, body, now);
const stored = (key: string) =>
  yard.eventStore().readStream(`submission-${submissionIdOf(SourceId.parse("demo"), key)}`);

test("the answer says how far the log has come, and a problem says its status", async () => {
  const key = randomUUID();
  const { body, position } = await nats.ask("demo", signed(key), lead);
  assert.equal(body, { id: body.id, outcome: "accepted", href: `/api/leads/${body.id}` });
  assert.is(position, `${(await stored(key))[0]?.position}`);
  const wrong = await nats.ask("demo", { ...signed(), "webhook-id": "another" }, lead);
  assert.equal(wrong, {
    body: {
      type: "urn:switchyard:problem:unauthenticated",
      title: "The signature or the source is not accepted",
      status: 401,
      detail:
        "Check x-source, the signature's three headers, the secret, the sender's clock and that the very bytes that were signed are sent",
    },
    position: undefined,
  });
});

test("header names may be written in any case, and a header given twice", async () => {
  const headers = Object.fromEntries(
    Object.entries(signed()).map(([name, value]) => [name.replace(/\b\w/g, (at) => at.toUpperCase()), value]),
  );
  assert.is((await nats.ask("demo", headers, lead)).body.outcome, "accepted");
  const both = signed();
  const twice = { ...both, "webhook-signature": ["v1,AAAA", both["webhook-signature"]] };
  assert.is((await nats.ask("demo", twice, lead)).body.outcome, "accepted");
});

test("what is too large is 413, unsigned is 401, and only then is it read", async () => {
  const large = JSON.stringify({ email: "jane@example.com", x: "y".repeat(262_144) });
  const status = async (headers: Record<string, string>, body: string) =>
    (await nats.ask("demo", headers, body)).body.status;
  assert.is(await status({ "x-kind": "letter" }, large), 413);
  assert.is(await status({ "x-kind": "letter" }, "no json"), 401);
  assert.is(await status({ ...signed("k", "no json"), "x-kind": "letter" }, "no json"), 400);
  assert.is(await status(signed("k", "no json"), "no json"), 400);
  assert.is(await status(signed("k", lead, Date.now() - 400_000), lead), 401);
});

test("a request that nobody waits for is taken in all the same", async () => {
  const key = randomUUID();
  nats.tell("demo", signed(key), lead);
  nats.tell("demo", {}, "nonsense");
  await until("it is taken in", async () => (await stored(key)).length === 1);
});

test("a CloudEvent comes over NATS as over HTTP", async () => {
  const event = JSON.stringify({
    specversion: "1.0",
    id: "e-1",
    source: "/courier",
    type: "shipment.delayed",
    data: { shipment_id: "s1" },
  });
  const headers = { ...signed(randomUUID(), event), "x-kind": "event" };
  const typed = { ...headers, "content-type": "application/cloudevents+json; charset=utf-8" };
  assert.is((await nats.ask("demo", typed, event)).body.outcome, "accepted");
  const data = '{"order_id":1}';
  const binary = { "ce-specversion": "1.0", "ce-id": "1", "ce-source": "/a", "ce-type": "order.paid" };
  const sent = { ...signed(randomUUID(), data), ...binary, "x-kind": "event" };
  assert.is((await nats.ask("demo", sent, data)).body.outcome, "accepted");
});

test("whoever names another subject than an inbox for the answer gets none, and writes nowhere", async () => {
  const asker = await connect({ servers: parts.nats.url });
  atEnd(() => asker.close());
  const named = [
    "yard.lead.0.SubmissionReceived",
    "yard.partner.demo.SubmissionRouted",
    "$JS.API.STREAM.PURGE.PARTNERS",
    "$KV.leases.lead-0",
    "identity.forget",
    "partner_owner.demo",
    "_INBOXES.x",
    "partners.demo",
  ];
  const heard: string[] = [];
  for (const subject of [...named, "_INBOX.named", "_INBOX_producer.named"])
    asker.subscribe(subject, { callback: (_error, message) => void heard.push(message.subject) });
  await asker.flush();
  const keys = named.map(() => randomUUID());
  for (const [n, reply] of [...named, "_INBOX.named", "_INBOX_producer.named"].entries()) {
    const head = natsHeaders();
    for (const [name, value] of Object.entries(signed(keys[n] ?? randomUUID()))) head.set(name, `${value}`);
    asker.publish("intake.demo", lead, { reply, headers: head });
    // What is wrong is answered too.
    asker.publish("intake.demo", "nonsense", { reply });
  }
  for (const key of keys) await until("it is taken in", async () => (await stored(key)).length === 1);
  assert.is((await nats.ask("demo", signed(), lead)).body.outcome, "accepted");
  await until("the inboxes are answered", () => heard.length >= 4);
  assert.equal(heard.sort(), [
    "_INBOX.named",
    "_INBOX.named",
    "_INBOX_producer.named",
    "_INBOX_producer.named",
  ]);
});

test("who prefers to wait does, and hears that it is accepted when it takes too long", async () => {
  const began = performance.now();
  const { body } = await nats.ask("demo", { ...signed(), Prefer: "wait=1" }, lead);
  assert.is(body.outcome, "accepted");
  assert.ok(performance.now() - began > 900);
});

test("a key still in flight is 409, and a silent store 503, both with when to come again", async () => {
  const key = randomUUID();
  parts.freeze();
  const first = nats.ask("demo", signed(key), lead);
  const second = await nats.ask("demo", signed(key), lead).finally(() => undefined);
  assert.is(second.body.status, 409);
  assert.is(second.body.retry_after, 1);
  const { body } = await first.finally(() => parts.thaw());
  assert.is(body.status, 503);
  assert.is(body.retry_after, 1);
  const again = await nats.ask("demo", signed(key), lead);
  assert.is(again.body.outcome, "accepted");
  assert.is((await stored(key)).length, 1);
});

test("what is published while the store is silent is taken in later, once", async () => {
  const keys = Array.from({ length: 20 }, () => randomUUID());
  parts.freeze();
  await Promise.all(keys.map((key) => nats.publish("demo", signed(key), lead))).finally(() => parts.thaw());
  for (const key of keys) await until("it is taken in", async () => (await stored(key)).length === 1);
  assert.equal(await storedIn("intake-", yard), []);
});

test("what was signed in time is taken in however late, and what was not becomes a dead letter", async () => {
  const [fresh, stale] = [randomUUID(), randomUUID()];
  await nats.publish("demo", signed(stale, lead, Date.now() - 400_000), lead);
  await nats.publish("demo", signed(fresh), lead);
  await until("the fresh one is taken in", async () => (await stored(fresh)).length === 1);
  const [refused] = await until("the stale one is refused", async () => {
    const all = await storedIn("intake-", yard);
    return all.length > 0 && all;
  });
  assert.is(((refused?.data ?? {}) as { reason?: string }).reason, "unauthenticated");
  assert.equal(await stored(stale), []);
});

test("another body under a key, a wrong kind and what is too large become dead letters", async () => {
  const key = randomUUID();
  await nats.publish("demo", signed(key), lead);
  await until("it is taken in", async () => (await stored(key)).length === 1);
  const other = '{"email":"joe@example.com"}';
  const large = JSON.stringify({ email: "jane@example.com", x: "y".repeat(700_000) });
  await nats.publish("demo", signed(key, other), other);
  await nats.publish("demo", { ...signed(), "x-kind": "letter" }, lead);
  await nats.publish("demo", signed("large", large), large);
  await nats.publish("demo", signed("nonsense", '{"email":"nonsense"}'), '{"email":"nonsense"}');
  const kind = "invalid: x-kind must be one of lead, assistance, event";
  const reasons = [kind, "invalid: email is not an e-mail address", "key_reused", "too_large"];
  await until("all four are refused, with what is wrong", async () => {
    const all = (await storedIn("intake-", yard)).map(({ data }) => (data as { reason: string }).reason);
    return reasons.every((reason) => all.includes(reason));
  });
});

interface Refused {
  readonly reason: string;
  readonly source: string;
}

async function refusedAs(source: string): Promise<Refused> {
  return until(`something of ${source} is refused`, async () => {
    const all = await storedIn("intake-", yard);
    return all.map(({ data }) => data as Refused).find((one) => one.source === source) ?? false;
  });
}

test("what is too large to be kept whole becomes a dead letter with its beginning", async () => {
  const binary = Buffer.alloc(590 * 1024, 0xff);
  await nats.publish("binary", signed("binary", "x"), binary);
  assert.match((await refusedAs("binary")).reason, /^too_large/);
  const escaped = "\u0001".repeat(590 * 1024);
  await nats.publish("escaped", signed("escaped", "x"), escaped);
  assert.match((await refusedAs("escaped")).reason, /^too_large/);
  const headers = Object.fromEntries(
    Array.from({ length: 6 }, (_, n) => [`x-${n}`, "\u0001".repeat(10_000)]),
  );
  await nats.publish("headers", headers, "{}");
  assert.match((await refusedAs("headers")).reason, /^unauthenticated/);
});

test("what is larger once it is stored than an append can be is too large, over every way in", async () => {
  // Four bytes each, and twenty-one when they are written again.
  const numbers = JSON.stringify({ email: "jane@example.com", n: 0 }).replace(
    "0}",
    `[${Array.from({ length: 9_900 }, () => "1e20").join()}],"t":"${"x".repeat(210_000)}"}`,
  );
  assert.ok(numbers.length < 256 * 1024);
  assert.is((await yard.submit(numbers)).status, 413);
  assert.is((await nats.ask("demo", signed(randomUUID(), numbers), numbers)).body.status, 413);
});

test("one source's backlog takes nobody else's turn, however long it is", async () => {
  await yard.admin("PUT", "/api/sources/slow", { rate_limit: { per_second: 0.01 } });
  const { body: made } = await yard.admin("POST", "/api/sources/slow/secrets");
  const key = parseSecret(made.secret);
  const backlog = Array.from({ length: 400 }, () => randomUUID());
  await Promise.all(backlog.map((id) => nats.publish("slow", signedHeaders(key, id, lead), lead)));
  const quick = Array.from({ length: 5 }, () => randomUUID());
  for (const one of quick) await nats.publish("demo", signed(one), lead);
  for (const one of quick)
    await until("the other's is taken in", async () => (await stored(one)).length === 1);
  await nats.publish("nobody.here", signed(), lead);
  await until("what nobody has sent is refused", async () =>
    (await storedIn("intake-", yard)).some(
      ({ data }) => (data as { source: string }).source === "nobody.here",
    ),
  );
  // What waits for its turn is neither lost nor refused.
  assert.not.ok(
    (await storedIn("intake-", yard)).some(({ data }) => (data as { source: string }).source === "slow"),
  );
  assert.is((await yard.admin("DELETE", "/api/sources/slow")).status, 204);
});

test("what lay longer than the keys of its day live is taken in all the same", async () => {
  const [key, wrong] = [randomUUID(), randomUUID()];
  const { now } = Date;
  const before = (await storedIn("intake-", yard)).length;
  await (await yard.vault()).destroy([`intake-${new Date().toISOString().slice(0, 10)}`]);
  Date.now = () => now() + 9 * 24 * 60 * 60 * 1_000;
  try {
    await nats.publish("demo", signed(wrong, lead, now() - 400_000), lead);
    await nats.publish("demo", signed(key, lead, now()), lead);
    await until("it is taken in", async () => (await stored(key)).length === 1);
    await until("the other is refused", async () => (await storedIn("intake-", yard)).length > before);
  } finally {
    Date.now = now;
  }
});

test("what is published leaves no readable byte in JetStream's files, also while another message waits beside it", async () => {
  await yard.admin("PUT", "/api/sources/waits", { rate_limit: { per_second: 0.01 } });
  const { body: made } = await yard.admin("POST", "/api/sources/waits/secrets");
  const key = parseSecret(made.secret);
  // The first takes the source's turn, and the others keep their block of messages from being removed.
  const waiting = [1, 2, 3].map((n) => JSON.stringify({ email: `waits-${n}@example.com` }));
  for (const one of waiting) await nats.publish("waits", signedHeaders(key, randomUUID(), one), one);
  const id = randomUUID();
  const accepted = JSON.stringify({ email: "ottilie@example.com", notes: "the seventh swan of Lake Müritz" });
  await nats.publish("demo", signed(id, accepted), accepted);
  const refused = JSON.stringify({ email: "nobody@example.com", notes: "an unsigned cormorant" });
  await nats.publish("demo", { "webhook-id": "cormorant-key" }, refused);
  await until("it is taken in", async () => (await stored(id)).length === 1);
  const places = () =>
    ["ottilie@", "swan of Lake", "unsigned cormorant", "cormorant-key", id].flatMap((text) =>
      filesWith(parts.nats.dir, text),
    );
  await until("nothing of it is there", () => places().length === 0);
  assert.ok(filesWith(parts.nats.dir, "waits-3@example.com").length > 0, "what waits is still there");
  assert.is((await yard.admin("DELETE", "/api/sources/waits")).status, 204);
});

test("nothing personal and no secret was logged", () => {
  assert.not.match(yard.logged(), /jane|joe@|whsec_/i);
});

test.run();
