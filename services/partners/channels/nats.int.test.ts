import { readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type Bus, connectBus } from "#platform/bus/bus.ts";
import { createLog } from "#platform/log.ts";
import { type NatsServer, startNats } from "../../../test/harness/nats.ts";
import { until } from "../../../test/harness/wait.ts";
import { attempt, openTestChannel, testMessage } from "../../../test/partners/channel.ts";
import type { Channel } from "./channel.ts";

const test = suite("the NATS channel");
const log = createLog({ level: "silent", name: "test", instance: "test" });
const message = testMessage({ email: "Ann@Example.com" });
let server: NatsServer;
let bus: Bus;
const channel = (subject: string, settings: object = {}): Channel =>
  openTestChannel({ delivery: { type: "nats", subject }, ...settings }, { bus });

test.before(async () => {
  server = await startNats();
  bus = await connectBus({ url: server.url, name: "test", log });
});
test.after(async () => {
  await bus?.close();
  await server?.stop();
});

test("has delivered what JetStream has stored, under the delivery's id", async () => {
  const prepared = channel("partners.edu.leads", { price: 3 }).prepare(message);
  const sent = await prepared.send(attempt);
  assert.equal(sent.outcome, { outcome: "succeeded", price: 3 });
  const stored = await bus.lastMessage("PARTNERS");
  assert.is(stored?.subject, "partners.edu.leads");
  assert.equal(JSON.parse(Buffer.from(stored?.data ?? []).toString()), {
    ...(prepared.request as { body: object }).body,
  });
  assert.is(JSON.parse(Buffer.from(stored?.data ?? []).toString()).email, "ann@example.com");
  assert.is(stored?.headers?.get("Nats-Msg-Id"), message.ids.delivery_id);
  assert.is(stored?.headers?.get("webhook-id"), message.ids.delivery_id);
  assert.is(stored?.headers?.get("idempotency-key"), message.ids.delivery_id);
  assert.match(stored?.headers?.get("traceparent") ?? "", /^00-0123456789abcdef/);
});

test("stores a repeated delivery once", async () => {
  const before = await bus.lastMessage("PARTNERS");
  const sent = await channel("partners.edu.leads").prepare(message).send(attempt);
  assert.equal(sent.response, { stored: { seq: before?.seq, duplicate: true } });
  assert.is((await bus.lastMessage("PARTNERS"))?.seq, before?.seq);
});

test("says of a test that it is one, and stores nothing where it must not be called any more", async () => {
  const about = { ...message, ids: { ...message.ids, id: "lead-2" }, isTest: true };
  const other = "00000000-0000-8000-8000-000000000002" as typeof message.ids.delivery_id;
  const marked = { ...about, ids: { ...about.ids, delivery_id: other } };
  await channel("partners.edu.leads").prepare(marked).send(attempt);
  const stored = await bus.lastMessage("PARTNERS");
  assert.is(stored?.headers?.get("x-switchyard-test"), "true");
  const { outcome } = await channel("partners.edu.leads")
    .prepare({ ...marked, ids: { ...marked.ids, delivery_id: message.ids.delivery_id } })
    .send({ ...attempt, obstacle: () => "lease_lost" });
  assert.equal(outcome, { outcome: "not_called", reason: "lease_lost" });
  assert.is((await bus.lastMessage("PARTNERS"))?.seq, stored?.seq);
});

test("knows that nothing was stored where nobody stores it or there is no connection", async () => {
  const elsewhere = openTestChannel(
    { delivery: { type: "nats", subject: "partners.edu" } },
    {
      bus: {
        get connected() {
          return bus.connected;
        },
        publish: (_subject, payload, options) => bus.publish("nobody.stores.this", payload, options),
      },
    },
  );
  const sent = await elsewhere.prepare(message).send(attempt);
  assert.equal(sent.outcome, { outcome: "failed", reason: "no_responders" });
  const { outcome } = await openTestChannel({ delivery: { type: "nats", subject: "partners.edu" } })
    .prepare(message)
    .send(attempt);
  assert.equal(outcome, { outcome: "failed", reason: "disconnected" });
});

test("does not know whether it was stored where JetStream does not say so", async () => {
  const silent = channel("partners.edu.late");
  const prepared = silent.prepare({
    ...message,
    ids: { ...message.ids, delivery_id: "00000000-0000-8000-8000-000000000009" as never },
  });
  process.kill(server.pid, "SIGSTOP");
  try {
    await until("the server stands still", () =>
      /\) T /.test(readFileSync(`/proc/${server.pid}/stat`, "utf8")),
    );
    const { outcome } = await prepared.send(attempt);
    assert.is(outcome.outcome, "unknown");
  } finally {
    process.kill(server.pid, "SIGCONT");
  }
});

test.run();
