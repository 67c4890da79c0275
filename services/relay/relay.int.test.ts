import { rm } from "node:fs/promises";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { PartnerId } from "#domain/ids.ts";
import { unpackEvent } from "#platform/event-store/event-mail.ts";
import type { StoredEvent } from "#platform/event-store/stored-event.ts";
import { createUnfinishedQueries } from "#projections/unfinished/query.ts";
import { until } from "../../test/harness/wait.ts";
import { routeIn, startTestYard, succeeded, type TestYard } from "../../test/leads/yard.ts";
import { startIdentity } from "../identity/app.ts";
import { startLeads } from "../leads/app.ts";
import { startProjections } from "../projections/app.ts";
import { startRelay } from "./app.ts";
import { POSITION, positionIn, RESUME } from "./publish.ts";
import { createReconciler } from "./reconcile.ts";

const test = suite("relay");
let yard: TestYard;

test.before.each(async () => {
  yard = await startTestYard({ leadPartitions: 1 });
  await yard.partner("edu");
  await yard.rule({ to: PartnerId.parse("edu") });
});
test.after.each(() => yard.stop());

async function stream(): Promise<{ event: StoredEvent; position: bigint; resume: bigint }[]> {
  const bus = await yard.own.bus();
  const last = await bus.lastMessage();
  const all = [];
  for (let seq = await bus.firstSeq(); seq <= (last?.seq ?? 0); seq += 1) {
    const message = await bus.messageAt(seq);
    if (message === undefined) continue;
    const position = positionIn(message, POSITION) as bigint;
    all.push({ event: unpackEvent(message.data), position, resume: positionIn(message, RESUME) as bigint });
  }
  return all;
}

const person = (n: number) => ({ email: `p${n}@example.com`, phone: `+1555${n}` });

test("publishes every event once and in order, also when one relay follows another", async () => {
  const ids = [];
  for (let n = 0; n < 3; n += 1) {
    const relay = await yard.start(`relay-${n}`, startRelay);
    for (let m = 0; m < 20; m += 1) ids.push(await yard.receive(person(n * 20 + m)));
    await until("all is published", async () => (await stream()).length === 2 + ids.length);
    await relay.stop();
  }
  const published = await stream();
  const positions = published.map(({ position }) => position);
  assert.equal(
    positions,
    [...positions].sort((a, b) => Number(a - b)),
  );
  assert.is(new Set(published.map(({ event }) => event.id)).size, published.length);
  // What a message promises to be stored is stored before it.
  for (const [n, { resume }] of published.entries()) {
    assert.ok(published.slice(n).every(({ position }) => position > resume));
  }
});

test("is done by one, and by the next when that one is gone", async () => {
  const first = await yard.start("first", startRelay);
  const second = await yard.start("second", startRelay);
  await yard.receive(person(1));
  await until("the first event is published", async () => (await stream()).length === 3);
  await first.stop();
  await yard.receive(person(2));
  await until("the next event is published", async () => (await stream()).length === 4);
  await second.stop();
});

test("brings everything unfinished to its end after JetStream has lost all", async () => {
  const running = await yard.start("all", startRelay, startIdentity, startLeads, startProjections);
  const routed = await yard.receive(person(1));
  const route = routeIn(await yard.reaches(routed, "SubmissionRouted"));
  await running.stop();
  // One waits for its partner's word, one was received by nobody: both are known only to the log.
  await yard.says("edu", succeeded(routed, route));
  const received = await yard.receive(person(2));
  await yard.parts.nats.stop();
  await rm(yard.parts.nats.dir, { recursive: true });
  await yard.parts.nats.restart();

  await yard.start("again", startRelay, startIdentity, startLeads, startProjections);
  await yard.reaches(routed, "SubmissionDelivered");
  await yard.reaches(received, "SubmissionRouted");
});

test("mails again what a mailbox has answered and nobody has done", async () => {
  await yard.start("relay", startRelay, startProjections);
  const bus = await yard.own.bus();
  const seen: string[] = [];
  const forgetful = await bus.mailbox({
    name: "lead-0",
    filter: "yard.lead.0.>",
    maxBatch: 10,
    maxAckPending: 100,
    ackWaitMs: 30_000,
    async onBatch(mails) {
      for (const mail of mails) {
        seen.push(unpackEvent(mail.data).stream);
        mail.ack();
      }
    },
  });
  const id = await yard.receive(person(1));
  await until("it was seen", () => seen.length === 1);
  const unfinished = createUnfinishedQueries({ database: yard.own.database() });
  const head = await yard.own.eventStore().head();
  await until("it is known as unfinished", async () => (await unfinished.checkpoint()) >= head);

  let stored = 0n;
  const reconciler = createReconciler({
    bus,
    eventStore: yard.own.eventStore(),
    unfinished,
    partitions: 1,
    log: yard.own.log,
    stored: () => stored,
  });
  stored = head;
  assert.is(await reconciler.round(new Date()), 0, "somebody may just be at it");
  const later = new Date(Date.now() + 60_000);
  assert.is(await reconciler.round(later), 1);
  await until("it was seen again", () => seen.length === 2);
  assert.equal(seen, [`submission-${id}`, `submission-${id}`]);
  assert.is(await reconciler.round(later), 0, "not twice in a row");
  await forgetful.close();
});

test("leaves alone what still waits in a mailbox", async () => {
  await yard.start("relay", startRelay, startProjections);
  const bus = await yard.own.bus();
  const slow = await bus.mailbox({
    name: "lead-0",
    filter: "yard.lead.0.>",
    maxBatch: 10,
    maxAckPending: 100,
    ackWaitMs: 30_000,
    onBatch: async (mails) => {
      for (const mail of mails) mail.nak(30_000);
    },
  });
  await yard.receive(person(1));
  const unfinished = createUnfinishedQueries({ database: yard.own.database() });
  const head = await yard.own.eventStore().head();
  await until("it is known as unfinished", async () => (await unfinished.checkpoint()) >= head);
  await until("it was handed out", async () => (await bus.consumerState("lead-0"))?.ackPending === 1);
  const reconciler = createReconciler({
    bus,
    eventStore: yard.own.eventStore(),
    unfinished,
    partitions: 1,
    log: yard.own.log,
    stored: () => head,
  });
  assert.is(await reconciler.round(new Date(Date.now() + 60_000)), 0);
  await slow.close();
});

test.run();
