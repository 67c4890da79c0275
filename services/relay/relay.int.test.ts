import { rm } from "node:fs/promises";
import { connect } from "nats";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { DeliveryId, PartnerId, SubmissionId } from "#domain/ids.ts";
import type { PartnerEvent } from "#domain/partner/events.ts";
import type { Bus } from "#platform/bus/bus.ts";
import { POSITION, positionIn, RESUME } from "#platform/bus/positions.ts";
import { RELAY_POSITION_SUBJECT } from "#platform/bus/subjects.ts";
import { unpackEvent } from "#platform/event-store/event-mail.ts";
import type { EventStore } from "#platform/event-store/event-store.ts";
import type { StoredEvent } from "#platform/event-store/stored-event.ts";
import { newUuid } from "#platform/ids.ts";
import { openMailSignature } from "#platform/mail-signature.ts";
import { createUnfinishedQueries } from "#projections/unfinished/query.ts";
import { until } from "../../test/harness/wait.ts";
import { rejected, routeIn, startTestYard, type TestYard } from "../../test/leads/yard.ts";
import { startIdentity } from "../identity/app.ts";
import { startLeads } from "../leads/app.ts";
import { startProjections } from "../projections/app.ts";
import { startRelay } from "./app.ts";
import { createReconciler, type Reconciler } from "./reconcile.ts";
import { type RelayParts, relayWhile } from "./relay.ts";

const test = suite("relay");
let yard: TestYard;

test.before.each(async () => {
  yard = await startTestYard({ leadPartitions: 1 });
  await yard.partner("edu");
  await yard.rule({ to: PartnerId.parse("edu") });
});
test.after.each(() => yard.stop());

interface Published {
  readonly subject: string;
  /** Undefined where it is only the relay's position. */
  readonly event: StoredEvent | undefined;
  readonly position: bigint;
  readonly resume: bigint;
}

async function stream(): Promise<Published[]> {
  const bus = await yard.own.bus();
  const last = await bus.lastMessage();
  const all: Published[] = [];
  for (let seq = await bus.firstSeq(); seq <= (last?.seq ?? 0); seq += 1) {
    const message = await bus.messageAt(seq);
    if (message === undefined) continue;
    const { subject, data } = message;
    // The rule's way to the compiler is not what is tested here.
    if (subject.startsWith("yard.rules.")) continue;
    const event = subject === RELAY_POSITION_SUBJECT ? undefined : unpackEvent(data);
    const [position, resume] = [positionIn(message, POSITION), positionIn(message, RESUME)];
    all.push({ subject, event, position: position as bigint, resume: resume as bigint });
  }
  return all;
}

const mail = async (): Promise<Published[]> => (await stream()).filter(({ event }) => event !== undefined);

/** The relay by itself, as long as the test wants it. */
async function relaying(options: Partial<RelayParts> = {}): Promise<{ stop(): Promise<void> }> {
  const { own } = yard;
  const ending = new AbortController();
  const unfinished = createUnfinishedQueries({ database: own.database() });
  const signature = await openMailSignature(own.database());
  const { metrics, log } = own;
  const parts = { bus: await own.bus(), eventStore: own.eventStore(), signature, metrics, log };
  const done = relayWhile(
    { ...parts, unfinished, partitions: 1, publishFacts: false, ...options },
    ending.signal,
  );
  return {
    async stop() {
      ending.abort();
      await done;
    },
  };
}

/** A store that counts what is followed again. */
function counting(): { eventStore: EventStore; events: () => number } {
  const eventStore = yard.own.eventStore();
  let events = 0;
  const follow: EventStore["follow"] = (options) =>
    eventStore.follow({
      ...options,
      async onEvents(arrived, position) {
        events += arrived.length;
        await options.onEvents(arrived, position);
      },
    });
  return { eventStore: { ...eventStore, follow }, events: () => events };
}

/** So many events that nobody has to react to. */
async function unmailed(count: number): Promise<void> {
  const held: PartnerEvent = {
    type: "DeliveryHeld",
    data: {
      partner: PartnerId.parse("edu"),
      delivery_id: DeliveryId.parse(newUuid()),
      submission_id: SubmissionId.parse(newUuid()),
      reason: "cap",
    },
  };
  await yard.says("edu", ...Array.from({ length: count }, () => held));
}

const person = (n: number) => ({ email: `p${n}@example.com`, phone: `+1555${n}` });

test("publishes all mail once and in order, also when one relay follows another", async () => {
  const ids = [];
  for (let n = 0; n < 3; n += 1) {
    const relay = await yard.start(`relay-${n}`, startRelay);
    for (let m = 0; m < 20; m += 1) ids.push(await yard.receive(person(n * 20 + m)));
    await until("all is published", async () => (await mail()).length === ids.length);
    await relay.stop();
  }
  const published = await mail();
  const positions = published.map(({ position }) => position);
  assert.equal(
    positions,
    [...positions].sort((a, b) => Number(a - b)),
  );
  assert.is(new Set(published.map(({ event }) => event?.id)).size, published.length);
  // What a message promises to be stored is stored before it.
  for (const [n, { resume }] of published.entries()) {
    assert.ok(published.slice(n).every(({ position }) => position > resume));
  }
});

test("is done by one, and by the next when that one is gone", async () => {
  const first = await yard.start("first", startRelay);
  const second = await yard.start("second", startRelay);
  await yard.receive(person(1));
  await until("the first event is published", async () => (await mail()).length === 1);
  await first.stop();
  await yard.receive(person(2));
  await until("the next event is published", async () => (await mail()).length === 2);
  await second.stop();
});

test("publishes nothing that nobody has to react to, unless it is asked for facts", async () => {
  await unmailed(3);
  const id = await yard.receive(person(1));
  const quiet = await relaying();
  await until("the mail is published", async () => (await stream()).length > 0);
  assert.equal(
    (await stream()).map(({ subject }) => subject),
    ["yard.lead.0.SubmissionReceived"],
  );
  await quiet.stop();

  await unmailed(2);
  const other = await yard.receive(person(2));
  const loud = await relaying({ publishFacts: true });
  await until("all is published", async () => (await mail()).at(-1)?.event?.stream === `submission-${other}`);
  await loud.stop();
  const published = await mail();
  const facts = published.filter(({ subject }) => subject === "yard.fact.partner.DeliveryHeld");
  assert.equal(
    facts.slice(-2).map(({ event }) => event?.revision),
    [3n, 4n],
  );
  assert.is(published.filter(({ event }) => event?.stream === `submission-${id}`).length, 1);
});

test("does not read a long run without mail again", async () => {
  await yard.receive(person(1));
  const first = await relaying({ positionEveryMs: 50 });
  await until("the mail is published", async () => (await mail()).length === 1);
  for (let n = 0; n < 5; n += 1) await unmailed(500);
  const head = await yard.own.eventStore().head();
  await until("the stream tells how far the relay is", async () => (await stream()).at(-1)?.resume === head);
  await first.stop();
  const told = await stream();
  assert.ok(told.length < 20, `${told.length} messages for a run of 2,500 events`);

  const id = await yard.receive(person(2));
  const { eventStore, events } = counting();
  const second = await relaying({ eventStore });
  await until("the next mail is published", async () => (await mail()).length === 2);
  assert.is((await mail()).at(-1)?.event?.stream, `submission-${id}`);
  assert.is(events(), 1, "only what is new is read");
  await second.stop();
});

test("loses nothing when the stream loses its end in the middle of a run without mail", async () => {
  const first = await relaying({ positionEveryMs: 50 });
  const ids = [await yard.receive(person(1))];
  await until("the mail is published", async () => (await mail()).length === 1);
  const end = (await stream()).at(-1) as Published;
  await unmailed(100);
  ids.push(await yard.receive(person(2)));
  await unmailed(100);
  const head = await yard.own.eventStore().head();
  await until("the stream tells how far the relay is", async () => (await stream()).at(-1)?.resume === head);
  await first.stop();

  // What JetStream had not synced yet is gone after a power cut, and its numbers are given out again.
  const bus = await yard.own.bus();
  const nats = await connect({ servers: yard.parts.nats.url });
  const manager = await nats.jetstreamManager();
  for (let seq = (await bus.lastMessage())?.seq ?? 0; seq > 0; seq -= 1) {
    const message = await bus.messageAt(seq);
    if (message !== undefined && (positionIn(message, POSITION) as bigint) > end.position)
      await manager.streams.deleteMessage("YARD", seq, true);
  }
  await nats.close();
  // The same id within two minutes is stored once, which a stream that lost it would not know.
  const republished: string[] = [];
  const publish: Bus["publish"] = (subject, payload, options) => {
    if (subject !== RELAY_POSITION_SUBJECT) republished.push(unpackEvent(payload).stream);
    return bus.publish(subject, payload, options);
  };
  const second = await relaying({ bus: { ...bus, publish } });
  await until("the lost mail is published again", () => republished.includes(`submission-${ids[1]}`));
  await second.stop();
});

test("begins with an empty stream where the list of what is unfinished ends, and says so in the stream", async () => {
  const projections = await yard.start("projections", startProjections);
  await unmailed(200);
  const unfinished = createUnfinishedQueries({ database: yard.own.database() });
  const head = await yard.own.eventStore().head();
  await until("the list has come so far", async () => (await unfinished.checkpoint()) >= head);
  await projections.stop();
  await unmailed(10);
  const { eventStore, events } = counting();
  const relay = await relaying({ eventStore, positionEveryMs: 50 });
  const newHead = await yard.own.eventStore().head();
  await until(
    "the stream tells how far the relay is",
    async () => (await stream()).at(-1)?.resume === newHead,
  );
  assert.is(events(), 10);
  assert.is((await mail()).length, 0);
  await relay.stop();
});

test("brings everything unfinished to its end after JetStream has lost all", async () => {
  const running = await yard.start("all", startRelay, startIdentity, startLeads, startProjections);
  const routed = await yard.receive(person(1));
  const route = routeIn(await yard.reaches(routed, "SubmissionRouted"));
  await running.stop();
  // One waits for its partner's word, one was received by nobody: both are known only to the log.
  await yard.says("edu", rejected(routed, route));
  const received = await yard.receive(person(2));
  await yard.parts.nats.stop();
  await rm(yard.parts.nats.dir, { recursive: true });
  await yard.parts.nats.restart();

  await yard.start("again", startRelay, startIdentity, startLeads, startProjections);
  await yard.reaches(routed, "SubmissionRejected");
  await yard.reaches(received, "SubmissionRouted");
});

/** A reconciler by itself, once the list of what is unfinished reaches the head of the log. */
async function reconciling(stored: () => bigint): Promise<{ reconciler: Reconciler; head: bigint }> {
  const { own } = yard;
  const [bus, eventStore] = [await own.bus(), own.eventStore()];
  const unfinished = createUnfinishedQueries({ database: own.database() });
  const head = await eventStore.head();
  await until("all is known as unfinished", async () => (await unfinished.checkpoint()) >= head);
  const signature = await openMailSignature(own.database());
  const { log } = own;
  return {
    reconciler: createReconciler({ bus, eventStore, unfinished, partitions: 1, signature, log, stored }),
    head,
  };
}

test("publishes again what a mailbox has answered and nobody has done", async () => {
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
  let stored = 0n;
  const { reconciler, head } = await reconciling(() => stored);
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
  const head = await yard.own.eventStore().head();
  const { reconciler } = await reconciling(() => head);
  await until("it was handed out", async () => (await bus.consumerState("lead-0"))?.ackPending === 1);
  assert.is(await reconciler.round(new Date(Date.now() + 60_000)), 0);
  await slow.close();
});

test.run();
