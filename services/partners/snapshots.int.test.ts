// A partner's long life: its owner opens from a snapshot and a tail, remembers no more than that, and decides as if it knew all of it.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { PartnerId } from "#domain/ids.ts";
import type { PartnerCommand } from "#domain/partner/command.ts";
import { PartnerConfig } from "#domain/partner/config.ts";
import { partnerStream } from "#domain/partner/events.ts";
import { SNAPSHOT_FORMAT } from "#domain/partner/snapshot.ts";
import type { PartnerState } from "#domain/partner/state.ts";
import { submissionStream } from "#domain/submission/events.ts";
import { partnerMailbox, partnerSubject } from "#platform/bus/subjects.ts";
import { WrongExpectedRevision } from "#platform/event-store/errors.ts";
import type { EventStore } from "#platform/event-store/event-store.ts";
import { mailAgain } from "#platform/event-store/mail-again.ts";
import { createLog } from "#platform/log.ts";
import { openSnapshotStore } from "#platform/snapshots.ts";
import { until } from "../../test/harness/wait.ts";
import { appendPast, pastDelivery, startedAt } from "../../test/partners/past.ts";
import { dataOf, type PartnerYard, startPartnerYard } from "../../test/partners/yard.ts";
import { startRelay } from "../relay/app.ts";
import { startPartners } from "./app.ts";
import { replyTo } from "./owner-requests.ts";
import { openPartnerWriter } from "./partner-writer.ts";
import { openPartnerSnapshots } from "./snapshots.ts";

const test = suite("a partner with a long life");
const LIFE = 20_000;
const EVERY = 1_000;
let yard: PartnerYard;
test.before(async () => {
  yard = await startPartnerYard();
});
test.after(async () => {
  await yard?.stop();
});

const { delivery: _, ...config } = PartnerConfig.parse({
  name: "Edu",
  delivery: { type: "http", url: "http://localhost/" },
});
const sealed = { key: "k", iv: "", tag: "", data: "" };
const warnings: string[] = [];
const log = createLog({ level: "silent", name: "test", instance: "test" });
for (const level of ["warn", "error"] as const)
  log[level] = ((...told: unknown[]) => warnings.push(String(told.at(-1)))) as typeof log.warn;

/** Counts the events that are read; `endsAt`: as if the log had been restored from an older copy. */
function counting(store: EventStore, endsAt = Number.POSITIVE_INFINITY) {
  const it = { read: 0, failAppends: 0 };
  const eventStore: EventStore = {
    ...store,
    async readStreamBackwards(stream, maxCount) {
      const events = Number.isFinite(endsAt)
        ? await store.readStream(stream, { from: BigInt(endsAt), maxCount: 1 })
        : await store.readStreamBackwards(stream, maxCount);
      it.read += events.length;
      return events;
    },
    async *streamEvents(stream, from) {
      for await (const event of store.streamEvents(stream, from)) {
        if (event.revision > endsAt) return;
        it.read += 1;
        yield event;
      }
    },
    append(stream, expected, events) {
      if (it.failAppends === 0) return store.append(stream, expected, events);
      it.failAppends -= 1;
      return Promise.reject(new WrongExpectedRevision(stream, "no_stream"));
    },
  };
  return Object.assign(it, { eventStore });
}

/** A new owner. */
async function open(partner: PartnerId, endsAt?: number) {
  const counted = counting(yard.own.eventStore(), endsAt);
  const all = await openPartnerSnapshots({ database: yard.own.database(), log, everyEvents: EVERY });
  const snapshots = all.of(partner);
  const writer = openPartnerWriter({
    partner,
    policy: () => config,
    attempts: new Map(),
    mayWrite: () => true,
    eventStore: counted.eventStore,
    onLoaded: () => undefined,
    snapshots,
    log,
  });
  await writer.open();
  const openedWith = counted.read;
  await snapshots.written();
  const state = (): PartnerState => writer.state as PartnerState;

  async function start(n: number, key = pastDelivery(n).dedupe_key) {
    const { delivery_id, submission_id } = pastDelivery(n);
    const asked = { delivery_id, dedupe_key: key };
    const command: PartnerCommand = {
      type: "start_attempt",
      partner,
      delivery_id,
      submission_id,
      dedupe_key: key,
      past: await snapshots.lookUp(asked),
      sealed_request: sealed,
      policy: config,
      at: startedAt(n),
    };
    return (await writer.write({ command })).decision;
  }

  /** As the gateway asks for it. */
  async function giveBack(n: number): Promise<unknown> {
    const { delivery_id, submission_id } = pastDelivery(n);
    const request = { type: "return", partner, delivery_id, submission_id, reason: "x", by: "test" };
    const data = Buffer.from(JSON.stringify({ ...request, revisions: [n * 2, n * 2 + 1] }));
    const parts = { configured: () => ({}) as never, writer, snapshots, eventStore: counted.eventStore };
    return JSON.parse(Buffer.from(await replyTo(data, parts)).toString("utf8"));
  }

  const close = async (): Promise<void> => {
    await writer.close();
    await snapshots.written();
  };
  return { counted, openedWith, writer, snapshots, state, start, giveBack, close };
}

async function partnerWith(id: string, count: number): Promise<PartnerId> {
  const partner = PartnerId.parse(id);
  await appendPast(yard.own.eventStore(), partner, 0, count);
  return partner;
}

test("is taken over from a snapshot and the tail after it, however much it was delivered", async () => {
  const partner = await partnerWith("long", LIFE);
  const first = await open(partner);
  assert.is(first.openedWith, LIFE * 2 + 1, "there is no snapshot yet");
  assert.is(first.state().ended.size, 0, "what ended is forgotten once it is in the index");
  await first.close();
  await appendPast(yard.own.eventStore(), partner, LIFE, 50);
  const second = await open(partner);
  assert.is(second.openedWith, 100 + 1);
  assert.equal([second.state().ended.size, second.state().delivered.size], [50, 50]);
  assert.is(second.state().use.total, LIFE + 50);
  await second.close();
});

test("decides about what ended long ago as about what has just ended", async () => {
  const partner = await partnerWith("old", EVERY);
  await (await open(partner)).close();
  const owner = await open(partner);
  assert.is(owner.openedWith, 1);
  assert.is(owner.state().ended.size, 0);
  assert.equal(await owner.start(7), { accepted: false, reason: "already_ended" });
  const repeated = await owner.start(EVERY + 1, pastDelivery(7).dedupe_key);
  assert.ok(repeated.accepted);
  const [event] = repeated.events;
  assert.ok(event?.type === "DeliveryDuplicated" && event.data.of === pastDelivery(7).delivery_id);
  assert.ok((await owner.start(EVERY + 2)).accepted);

  const before = owner.state().use.total;
  assert.match(JSON.stringify(await owner.giveBack(9)), /returned_at/);
  assert.equal(await owner.giveBack(9), { refused: "already_returned" });
  assert.equal(await owner.giveBack(EVERY + 2), { refused: "not_delivered" });
  assert.is(owner.state().use.total, before - 1);
  await owner.close();

  // Also once it is in the index, and asked by another owner.
  await appendPast(yard.own.eventStore(), partner, EVERY + 10, EVERY);
  await (await open(partner)).close();
  const next = await open(partner);
  assert.is(next.state().returned.size, 0);
  assert.equal(await next.giveBack(9), { refused: "already_returned" });
  await next.close();
});

test("has a snapshot taken while it works, and reads no more than the tail again where an append fails", async () => {
  const partner = PartnerId.parse("busy");
  const owner = await open(partner);
  const giveUp = (n: number) => {
    const { delivery_id, submission_id } = pastDelivery(n);
    return { type: "give_up", partner, delivery_id, submission_id, cause: "poison", reason: "x" } as const;
  };
  // More than one append's worth, without a pause in which nothing is under way.
  for (let from = 0; from < EVERY * 3; from += EVERY)
    await Promise.all(
      Array.from({ length: EVERY }, async (_, n) => {
        const { delivery_id } = pastDelivery(from + n);
        const past = await owner.snapshots.lookUp({ delivery_id });
        const { decision } = await owner.writer.write({ command: { ...giveUp(from + n), past } });
        if (!decision.accepted) assert.is(decision.reason, "past_unknown");
      }),
    );
  await until("a snapshot was taken under load", async () => {
    await owner.snapshots.written();
    return owner.state().pastUpTo > 0n;
  });
  const { counted } = owner;
  counted.read = 0;
  counted.failAppends = 1;
  const { delivery_id } = pastDelivery(EVERY * 4);
  const past = await owner.snapshots.lookUp({ delivery_id });
  const failed = await owner.writer.write({ command: { ...giveUp(EVERY * 4), past } });
  assert.equal(failed.decision, { accepted: false, reason: "not_stored" });
  await owner.writer.open();
  assert.ok(counted.read > 0 && counted.read < EVERY * 2, `${counted.read} events were read again`);
  // Another snapshot may just have been taken: what its past is has to be looked up again then.
  await until("it goes on", async () => (await owner.start(EVERY * 5)).accepted);
  await owner.close();
});

test("is read from its start, and says so, where its snapshot is of another format or damaged", async () => {
  const partner = await partnerWith("spoilt", EVERY);
  await (await open(partner)).close();
  const database = yard.own.database();
  for (const [damage, told] of [
    [`update snapshots.snapshot set format = ${SNAPSHOT_FORMAT + 1}`, /another format/],
    ["update snapshots.part set bytes = set_byte(bytes, 3, 7)", /damaged/],
  ] as const) {
    await database.execute(`${damage} where name = $1`, [`partner-${partner}`]);
    warnings.length = 0;
    const owner = await open(partner);
    assert.is(owner.openedWith, EVERY * 2 + 1);
    assert.match(warnings.join(), told);
    await owner.close();
    const again = await open(partner);
    assert.is(again.openedWith, 1, "it has a good one again");
    await again.close();
  }
  const store = await openSnapshotStore({ database, format: SNAPSHOT_FORMAT, log });
  await store.write({ name: `partner-${partner}`, revision: BigInt(EVERY * 2), pieces: ["{}"] });
  await appendPast(yard.own.eventStore(), partner, EVERY, 1);
  warnings.length = 0;
  assert.is((await open(partner)).openedWith, EVERY * 2 + 3);
  assert.match(warnings.join(), /unreadable/);
});

test("knows nothing that its stream does not say any more", async () => {
  const partner = await partnerWith("restored", EVERY);
  await (await open(partner)).close();
  warnings.length = 0;
  const older = EVERY - 1;
  const owner = await open(partner, older);
  assert.match(warnings.join(), /older copy/);
  assert.is(owner.openedWith, older + 2);
  const [kept, lost] = [pastDelivery(0), pastDelivery(EVERY - 1)];
  for (const { delivery_id } of [kept, lost]) {
    const past = await owner.snapshots.lookUp({ delivery_id });
    assert.ok(past === undefined || past.ended === (delivery_id === kept.delivery_id));
  }
  const rows = await yard.own
    .database()
    .query("select 1 from partner_past.delivery where partner = $1 and delivery_id = $2", [
      partner,
      lost.delivery_id,
    ]);
  assert.is(rows.length, 0);
  await owner.close();
});

test("calls nobody for mail that comes again, or has the key of what was delivered long ago", async () => {
  const eventStore = yard.own.eventStore();
  const vault = await yard.own.vault();
  const partner = await yard.configure("late", { dedupe: { fields: ["email"] } });
  const late = await yard.route(partner, { email: "late@example.com" });
  const known = JSON.stringify(["fields", ["email"], ["known@example.com"]]);
  const PAST = 3_000;
  await appendPast(eventStore, partner, 0, PAST, (n) => ({
    ...pastDelivery(n),
    ...(n === 5 && late),
    ...(n === 6 && { dedupe_key: vault.fingerprint(`dedupe ${partner}`, known) }),
  }));
  const role = await yard.start("late", startRelay, startPartners);
  const forgotten = () =>
    yard.own
      .database()
      .query("select 1 from snapshots.snapshot where name = $1 and checksum is not null", [
        `partner-${partner}`,
      ]);
  await until("what has ended is in the index", async () => (await forgotten()).length === 1);
  const again = await yard.becomes(
    await yard.route(partner, { email: "KNOWN@example.com" }),
    "DeliveryDuplicated",
  );
  assert.is(dataOf(again[0]).of, pastDelivery(6).delivery_id);
  await yard.becomes(await yard.route(partner, { email: "new@example.com" }), "DeliverySucceeded");
  const bus = await yard.own.bus();
  const subject = partnerSubject(partner, "SubmissionRouted");
  const mail = { stream: submissionStream(late.submission_id), subject, id: "again", isWanted: () => true };
  assert.ok((await mailAgain([mail], { eventStore, bus }))[0]);
  await until("nothing is left in the mailbox", async () => {
    const queue = await bus.consumerState(partnerMailbox(partner));
    return queue !== undefined && queue.pending + queue.ackPending === 0;
  });
  assert.is((await yard.requests("late")).length, 1);
  const events = await eventStore.readStream(partnerStream(partner), { from: BigInt(PAST * 2) });
  assert.equal(
    events.map(({ type }) => type),
    ["DeliveryDuplicated", "DeliveryStarted", "DeliverySucceeded"],
  );
  await role.stop();
});

test.run();
