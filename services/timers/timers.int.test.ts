// What waits longer than a minute: in no mailbox and nobody's memory, and back in time.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { DeliveryId, PartnerId, SubmissionId } from "#domain/ids.ts";
import { type PartnerEvent, partnerEvents, partnerStream } from "#domain/partner/events.ts";
import { submissionStream } from "#domain/submission/events.ts";
import { partnerMailbox, partnerSubject } from "#platform/bus/subjects.ts";
import { createCodec } from "#platform/event-store/codec.ts";
import { mailAgain } from "#platform/event-store/mail-again.ts";
import { newUuid } from "#platform/ids.ts";
import { until } from "../../test/harness/wait.ts";
import { routeTo } from "../../test/partners/route.ts";
import { dataOf, type PartnerYard, startPartnerYard } from "../../test/partners/yard.ts";
import { startPartners } from "../partners/app.ts";
import { startProjections } from "../projections/app.ts";
import { startRelay } from "../relay/app.ts";
import { startTimers } from "./app.ts";

const test = suite("timers");
const codec = createCodec(partnerEvents);
let yard: PartnerYard;
const realNow = Date.now;
let aheadMs = 0;

test.before(async () => {
  Date.now = () => realNow() + aheadMs;
  yard = await startPartnerYard();
  await yard.start("one", startRelay, startPartners, startProjections);
});
test.after(async () => {
  await yard?.stop();
  Date.now = realNow;
});
test.after.each(() => {
  aheadMs = 0;
});

const pending = async (): Promise<number> => {
  const database = yard.own.database();
  const [row] = await database.query<{ count: bigint }>("select count(*) from timers.timer");
  return Number(row?.count);
};
const waitUntilPending = (count: number): Promise<unknown> =>
  until(`${count} timers are pending`, async () => (await pending().catch(() => -1)) === count, 60_000);

const timings = { total_ms: 1, partner_ms: 1, overhead_ms: 0 };
const failed = (
  partner: PartnerId,
  about: { readonly delivery_id: DeliveryId; readonly submission_id: SubmissionId },
  due: number,
): PartnerEvent => ({
  type: "DeliveryFailed",
  data: {
    partner,
    ...about,
    attempt: 1,
    timings,
    reason: "http_503",
    retry_at: new Date(due).toISOString(),
    timer: true,
  },
});

async function write(partner: PartnerId, events: readonly PartnerEvent[]): Promise<void> {
  const meta = () => ({ id: newUuid(), at: new Date().toISOString() });
  const store = yard.own.eventStore();
  for (let from = 0; from < events.length; from += 1_000) {
    const encoded = events.slice(from, from + 1_000).map((event) => codec.encode(event, meta()));
    await store.append(partnerStream(partner), "any", encoded);
  }
}

test("what a timer mails whose clock is a moment ahead is called all the same, when it is time", async () => {
  const early = await yard.configure("early", { retry: { max_attempts: 3, base_ms: 20 } });
  await yard.behave("early", { behaviour: "rate_limited", times: 1, retry_after_s: 3_600 });
  const routed = await yard.route(early);
  const { retry_at } = dataOf((await yard.becomes(routed, "DeliveryFailed")).at(-1));
  aheadMs = Date.parse(String(retry_at)) - 1_000 - realNow();
  const mail = {
    stream: submissionStream(routed.submission_id),
    subject: partnerSubject(early, "SubmissionRouted"),
    id: "due",
    isWanted: () => true,
  };
  await mailAgain([mail], { bus: await yard.own.bus(), eventStore: yard.own.eventStore() });
  await yard.becomes(routed, "DeliverySucceeded");
  assert.is((await yard.effects("early")).max_requests, 2);
});

test("a partner that asks for an hour is asked again after it, and its mailbox is empty meanwhile", async () => {
  const busy = await yard.configure("busy", { retry: { max_attempts: 3, base_ms: 20 } });
  await yard.behave("busy", { behaviour: "rate_limited", times: 1, retry_after_s: 3_600 });
  const routed = await yard.route(busy);
  const events = await yard.becomes(routed, "DeliveryFailed");
  assert.is(dataOf(events.at(-1)).timer, true);
  await waitUntilPending(1);
  await until("its mail is done with", async () => {
    const queue = await (await yard.own.bus()).consumerState(partnerMailbox(busy));
    return queue !== undefined && queue.pending + queue.ackPending === 0;
  });
  await yard.start("clock", startTimers);
  aheadMs = 3_599_000;
  const sentinel = await yard.configure("sentinel");
  await yard.becomes(await yard.route(sentinel), "DeliverySucceeded");
  assert.is((await yard.partnerHistory(busy, routed)).at(-1)?.type, "DeliveryFailed");
  aheadMs = 3_601_000;
  const all = await yard.becomes(routed, "DeliverySucceeded");
  assert.is(dataOf(all.at(-2)).waited, "timer");
  await waitUntilPending(0);
  const { effects, max, max_requests } = await yard.effects("busy");
  assert.equal({ effects, max, max_requests }, { effects: 1, max: 1, max_requests: 2 });
});

test("with 10,000 pending, what is due is mailed within a second, and nothing else", async () => {
  const eventStore = yard.own.eventStore();
  const [bus, vault] = await Promise.all([yard.own.bus(), yard.own.vault()]);
  const due = PartnerId.parse("due");
  const later = PartnerId.parse("later");
  const others = Array.from({ length: 10_000 }, (_, n) =>
    failed(
      later,
      { delivery_id: DeliveryId.parse(newUuid()), submission_id: SubmissionId.parse(newUuid()) },
      Date.now() + 3_600_000 + n,
    ),
  );
  await write(later, others);
  await waitUntilPending(10_000);
  const routed = await routeTo({ eventStore, vault }, due);
  await until("it is routed", async () => (await bus.lastStoredAt(partnerSubject(due, ">"))) !== undefined);
  const before = await bus.lastStoredAt(partnerSubject(due, ">"));
  const at = Date.now() + 8_000;
  await write(due, [failed(due, routed, at)]);
  const mailed = await until("it is mailed", async () => {
    const last = await bus.lastStoredAt(partnerSubject(due, ">"));
    return last !== before && last;
  });
  assert.ok(mailed >= at && mailed - at < 1_000, `${mailed - at} ms after it was due`);
  assert.is(await bus.lastStoredAt(partnerSubject(later, ">")), undefined);
});

test("what became due while nobody looked is mailed by who comes next", async () => {
  const eventStore = yard.own.eventStore();
  const [bus, vault] = await Promise.all([yard.own.bus(), yard.own.vault()]);
  const missed = PartnerId.parse("missed");
  const routed = await routeTo({ eventStore, vault }, missed);
  const storedAt = () => bus.lastStoredAt(partnerSubject(missed, ">"));
  const before = await until("it is routed", storedAt);
  await write(missed, [failed(missed, routed, Date.now() - 1_000)]);
  const mailed = await until("it is mailed", async () => {
    const last = await storedAt();
    return last !== before && last;
  });
  assert.ok(mailed > before);
});

test("what is held or has a timer is not taken for forgotten", async () => {
  const bus = await yard.own.bus();
  const capped = await yard.configure("capped", { caps: { total: 0 } });
  await yard.becomes(await yard.route(capped), "DeliveryHeld");
  const resting = await yard.configure("resting");
  await yard.behave("resting", { behaviour: "rate_limited", times: 1, retry_after_s: 3_600 });
  await yard.becomes(await yard.route(resting), "DeliveryFailed");
  const storedAt = (partner: PartnerId) => bus.lastStoredAt(partnerSubject(partner, ">"));
  const before = [await storedAt(capped), await storedAt(resting)];

  // Whoever acknowledges and does nothing is mailed to again: then all that came before has been looked at.
  const forgetful = PartnerId.parse("forgetful");
  let mails = 0;
  const mailbox = await bus.mailbox({
    name: partnerMailbox(forgetful),
    filter: partnerSubject(forgetful, ">"),
    maxBatch: 10,
    maxAckPending: 10,
    ackWaitMs: 5_000,
    async onBatch(batch) {
      mails += batch.length;
      for (const mail of batch) mail.ack();
    },
  });
  await yard.route(forgetful);
  await until("the reconciler has mailed it again", () => mails >= 2, 60_000);
  await mailbox.close();
  assert.equal([await storedAt(capped), await storedAt(resting)], before);
});

test.run();
