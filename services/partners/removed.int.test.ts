// Removed partners: what waits for them ends at once, and then nothing of them is left that anybody has to keep.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { PartnerId } from "#domain/ids.ts";
import { partnerMailbox } from "#platform/bus/subjects.ts";
import { leaseRecords } from "#platform/leases/lease-record.ts";
import { until } from "../../test/harness/wait.ts";
import type { Routed } from "../../test/partners/route.ts";
import { dataOf, type PartnerYard, startPartnerYard } from "../../test/partners/yard.ts";
import { startRelay } from "../relay/app.ts";
import { startPartners } from "./app.ts";

const test = suite("removed partners");
let yard: PartnerYard;

test.before(async () => {
  yard = await startPartnerYard();
  await yard.start("relay", startRelay);
});
test.after(() => yard?.stop());

const same = { email: "same@example.com" };

/** One with its circuit open, two deliveries that wait for an hour, one of them for the other, and one that nothing was begun with. */
async function troubled(id: string): Promise<{ partner: PartnerId; waiting: Routed[] }> {
  const partner = await yard.configure(id, {
    dedupe: { fields: ["email"] },
    circuit: { failure_threshold: 1, open_ms: 3_600_000 },
  });
  await yard.behave(id, { behaviour: "rate_limited", times: 1, retry_after_s: 3_600 });
  const first = await yard.route(partner, same);
  await until("its circuit is open", async () =>
    (await yard.partnerHistory(partner)).some(({ type }) => type === "CircuitOpened"),
  );
  await yard.behave(id, { behaviour: "healthy" });
  return { partner, waiting: [first, await yard.route(partner, same), await yard.route(partner)] };
}

async function isInHand(partner: PartnerId, count: number): Promise<boolean> {
  const queue = await (await yard.own.bus()).consumerState(partnerMailbox(partner));
  return queue?.ackPending === count;
}

const isGone = (partner: PartnerId): Promise<unknown> =>
  until(
    "its mailbox and its lease are gone",
    async () => {
      const bus = await yard.own.bus();
      const lease = await leaseRecords(bus, "partners").read(partner);
      const queue = await bus.consumerState(partnerMailbox(partner));
      return queue === undefined && lease?.owner === undefined;
    },
    40_000,
  );

test("end what waits for them at once, whatever it waits for, and leave no mailbox and no lease", async () => {
  const { stop } = await yard.start("one", startPartners);
  const { partner, waiting } = await troubled("gone");
  // The first waits for an hour, so a timer has it.
  await until("the others are handed over", () => isInHand(partner, 2));
  await yard.tell(partner, "PartnerRemoved", "dead_letter");
  const told = performance.now();
  for (const one of waiting) {
    const events = await yard.becomes(one, "DeliveryDeadLettered");
    assert.equal([dataOf(events.at(-1)).cause, dataOf(events.at(-1)).reason], ["drained", "partner_removed"]);
  }
  assert.ok(performance.now() - told < 8_000);
  await isGone(partner);
  assert.is((await yard.partnerHistory(partner)).at(-1)?.type, "PartnerRetired");
  await stop();

  // Nor does a restart bring them back, until somebody mails to it who has not heard of the removal.
  const second = await yard.start("second", startPartners);
  const sentinel = await yard.configure("sentinel");
  await yard.becomes(await yard.route(sentinel), "DeliverySucceeded");
  assert.is(await (await yard.own.bus()).consumerState(partnerMailbox(partner)), undefined);
  await yard.becomes(await yard.route(partner), "DeliveryDeadLettered", 40_000);
  await isGone(partner);
  await second.stop();
});

test("are seen off by the next owner where the one before has stopped; who comes after them begins anew", async () => {
  const first = await yard.start("before", startPartners);
  const { partner, waiting } = await troubled("halfway");
  // The first waits for an hour, so a timer has it.
  await until("the others are handed over", () => isInHand(partner, 2));
  await first.stop();
  await yard.tell(partner, "PartnerRemoved");
  const second = await yard.start("after", startPartners);
  for (const one of waiting) {
    const events = await yard.becomes(one, "DeliveryDeadLettered", 40_000);
    assert.is(dataOf(events.at(-1)).cause, "partner_removed");
  }
  await isGone(partner);

  // No open circuit, and no key that somebody used.
  const before = (await yard.effects("halfway")).ids;
  await yard.configure("halfway", { dedupe: { fields: ["email"] } });
  await yard.becomes(await yard.route(partner, same), "DeliverySucceeded");
  assert.is((await yard.effects("halfway")).ids, before + 1);
  await second.stop();
});

test("go on as ever when they are configured again before all has ended", async () => {
  const { stop } = await yard.start("back", startPartners);
  const back = await yard.configure("back", { enabled: false });
  await yard.tell(back, "PartnerRemoved");
  await yard.configure("back");
  await yard.becomes(await yard.route(back), "DeliverySucceeded");
  await stop();
});

test.run();
