import { randomUUID } from "node:crypto";
import * as assert from "uvu/assert";
import { freePort } from "#platform/free-port.ts";
import { parseSecret, signedHeaders } from "#platform/webhooks.ts";
import { natsProducer } from "../../../test/gateway/over-nats.ts";
import { gatewaySuite } from "../../../test/gateway/suite.ts";
import { until } from "../../../test/harness/wait.ts";

const metricsPort = await freePort();
const { test, yard, parts, atEnd } = await gatewaySuite("counted submissions", { metricsPort });
const nats = await natsProducer(parts.nats.url);
atEnd(() => nats.close());

const lead = '{"email":"jane@example.com"}';
const large = JSON.stringify({ email: "jane@example.com", x: "y".repeat(262_144) });
const signed = (body = lead, key: string = randomUUID()) =>
  signedHeaders(parseSecret(parts.secret), key, body);

type Counts = Readonly<Record<string, number>>;

async function counts(): Promise<Counts> {
  const { values } = await yard.metrics.submissionsTotal.get();
  return Object.fromEntries(
    values.map(({ labels: { source, kind, outcome }, value }) => [`${source} ${kind} ${outcome}`, value]),
  );
}

/** What was counted meanwhile, and nothing else. */
async function countedWhile(work: () => Promise<unknown>): Promise<Counts> {
  const before = await counts();
  await work();
  const more = Object.entries(await counts()).map(([name, n]) => [name, n - (before[name] ?? 0)] as const);
  return Object.fromEntries(more.filter(([, n]) => n !== 0));
}

test("over HTTP each request is counted once, with the answer that it got", async () => {
  const key = randomUUID();
  const rows: [string, () => Promise<unknown>][] = [
    ["demo lead accepted", () => yard.submit(lead, { key })],
    ["demo lead duplicate", () => yard.submit(lead, { key })],
    ["demo lead invalid", () => yard.submit('{"email":"another@example.com"}', { key })],
    ["demo lead invalid", () => yard.submit("no json")],
    ["demo lead invalid", () => yard.submit(large)],
    ["demo lead invalid", () => yard.submit(lead, { headers: { "content-type": "text/plain" } })],
    ["demo lead unauthenticated", () => yard.submit(lead, { headers: { "webhook-signature": "v1,AAAA" } })],
    ["unknown lead unauthenticated", () => yard.submit(lead, { headers: { "x-source": "made-up" } })],
    ["unknown lead invalid", () => yard.submit(large, { headers: { "x-source": "made-up" } })],
    ["demo event accepted", () => yard.submit('{"type":"ping"}', { path: "/api/events" })],
  ];
  for (const [counted, work] of rows) assert.equal(await countedWhile(work), { [counted]: 1 }, counted);
});

test("a source at its limit is counted as limited, a store that is silent as unavailable", async () => {
  const put = (body: object) => yard.admin("PUT", "/api/sources/demo", body);
  assert.is((await put({ rate_limit: { per_second: 1 } })).status, 200);
  const limited = await countedWhile(() => Promise.all([yard.submit(lead), yard.submit(lead)]));
  assert.equal(limited, { "demo lead accepted": 1, "demo lead limited": 1 });
  assert.is((await put({})).status, 200);
  await until("the limit is gone", async () => (await yard.submit(lead)).status === 202);
  parts.freeze();
  const silent = await countedWhile(() => yard.submit(lead).finally(() => parts.thaw()));
  assert.equal(silent, { "demo lead unavailable": 1 });
  await until("the store confirms again", async () => (await yard.submit(lead)).status === 202);
});

test("each line of a batch is counted, also one that can't be read; a blank one is none", async () => {
  const line = (body = lead): string => JSON.stringify({ ...signed(body), body });
  const lines = [line(), "{", line("{}"), "", line().replace("v1,", "v1,AAAA")];
  const send = () =>
    yard.call("/api/submit/batch", {
      method: "POST",
      headers: { "content-type": "application/x-ndjson", "x-source": "demo" },
      body: lines.join("\n"),
    });
  assert.equal(await countedWhile(send), {
    "demo lead accepted": 1,
    "demo lead invalid": 1,
    "demo lead unauthenticated": 1,
    "demo unknown invalid": 1,
  });
});

test("a request over NATS is counted like one over HTTP, also one that is too large to be read", async () => {
  assert.equal(await countedWhile(() => nats.ask("demo", signed(), lead)), { "demo lead accepted": 1 });
  assert.equal(await countedWhile(() => nats.ask("demo", signed(large), large)), { "demo lead invalid": 1 });
  const strange = () => nats.ask("made-up", signed(), lead);
  assert.equal(await countedWhile(strange), { "unknown lead unauthenticated": 1 });
});

test("what is published is counted once, however often it had to be tried", async () => {
  parts.freeze();
  const counted = await countedWhile(async () => {
    await nats.publish("demo", signed(), lead);
    await until(
      "it was refused for now",
      async () => ((await queue())?.redelivered ?? 0) > 0,
      30_000,
    ).finally(() => parts.thaw());
    await allTaken();
  });
  // A store that is silent may have stored it before it was asked again.
  assert.is(
    Object.values(counted).reduce((sum, n) => sum + n, 0),
    1,
    JSON.stringify(counted),
  );
  const dead = await countedWhile(async () => {
    await nats.publish("demo", { ...signed(), "webhook-signature": "v1,AAAA" }, lead);
    await allTaken();
  });
  assert.equal(dead, { "demo lead unauthenticated": 1 });
});

const queue = async () => (await yard.bus()).consumerState("intake-demo", "SUBMISSIONS");
const allTaken = (): Promise<unknown> =>
  until(
    "nothing waits to be taken in",
    async () => {
      const state = await queue();
      return state !== undefined && state.pending + state.ackPending === 0;
    },
    30_000,
  );

/** Of the source `demo`, once it is shown as so much. */
const depth = (min: number): Promise<{ readonly value: string; readonly all: string }> =>
  until(`${min} are shown to wait`, async () => {
    const all = (await yard.call("/metrics")).text;
    const value = /switchyard_queue_depth\{queue="intake:demo"\} (\d+)/.exec(all)?.[1];
    return value !== undefined && Number(value) >= min && { value, all };
  });

test("no label comes from outside", async () => {
  parts.freeze();
  try {
    await nats.publish("made-up", signed(), lead);
    const bus = await yard.bus();
    await until("it has a mailbox", () => bus.consumerState("intake-made-up", "SUBMISSIONS"));
    await nats.publish("demo", signed(), lead);
    const first = await depth(1);
    // Looked at again, so that the first look at both is over.
    for (let n = 0; n < 3; n += 1) await nats.publish("demo", signed(), lead);
    const text = await depth(Number(first.value) + 1);
    assert.not.match(text.all, /made-up/);
  } finally {
    parts.thaw();
  }
});

test("the clients of the store and the database show how long they wait", async () => {
  const { text } = await yard.call("/metrics");
  assert.match(text, /switchyard_eventstore_seconds_count\{operation="append"\} [1-9]/);
  assert.match(text, /switchyard_database_seconds_count\{operation="statement"\} [1-9]/);
  assert.match(text, /switchyard_database_connections\{state="busy"\} \d/);
});

test("METRICS_PORT shows what this process knows alone, without the name of a process", async () => {
  const all = (await yard.call("/metrics")).text;
  assert.match(all, /process_resident_memory_bytes\{process="test"\} \d/);
  const own = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
  assert.match(own, /process_resident_memory_bytes \d/);
  assert.match(own, /switchyard_ack_seconds_count [1-9]/);
});

test.run();
