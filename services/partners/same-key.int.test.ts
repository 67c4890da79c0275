// Deliveries with the dedupe key of another one: they wait until it has ended, and cost nothing meanwhile.
import { connect, type NatsConnection } from "nats";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { partnerMailbox } from "#platform/bus/subjects.ts";
import { until } from "../../test/harness/wait.ts";
import type { Routed } from "../../test/partners/route.ts";
import { type PartnerYard, startPartnerYard } from "../../test/partners/yard.ts";
import { startRelay } from "../relay/app.ts";
import { startPartners } from "./app.ts";

const test = suite("deliveries with the same dedupe key");
let yard: PartnerYard;
let nats: NatsConnection;
const dedupe = { fields: ["email"] };
const same = { email: "same@example.com" };

test.before(async () => {
  yard = await startPartnerYard();
  nats = await connect({ servers: yard.parts.nats.url });
  await yard.start("one", startRelay, startPartners);
});
test.after(async () => {
  await nats?.close();
  await yard?.stop();
});

/** How often the partner's mails were handed over so far. */
async function handedOver(partner: string): Promise<number> {
  const manager = await nats.jetstreamManager();
  const { delivered } = await manager.consumers.info("YARD", partnerMailbox(partner));
  return delivered.consumer_seq;
}

const many = <T>(count: number, make: (n: number) => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: count }, (_, n) => make(n)));

test("wait for its retry without being looked at, and leave the rate to others", async () => {
  const limits = { concurrency: 4, per_second: 2 };
  const keyed = await yard.configure("keyed", { dedupe, limits });
  await yard.behave("keyed", { behaviour: "rate_limited", times: 1, retry_after_s: 3_600 });
  await yard.becomes(await yard.route(keyed, same), "DeliveryFailed");
  await yard.behave("keyed", { behaviour: "healthy" });
  const waiting = await many(10, () => yard.route(keyed, same));
  await until("all have been handed over", async () => (await handedOver("keyed")) >= 11);
  const before = await handedOver("keyed");
  const begun = performance.now();
  for (const n of [1, 2, 3, 4, 5, 6])
    await yard.becomes(await yard.route(keyed, { email: `${n}@example.com` }), "DeliverySucceeded");
  assert.ok(performance.now() - begun < 9_000, "two a second, and a burst of two");
  assert.is(await handedOver("keyed"), before + 6);
  for (const one of waiting) assert.equal(await yard.partnerHistory(keyed, one), []);
});

test("are decided about as soon as its call has ended, and not before", async () => {
  const called = await yard.configure("called", { dedupe });
  await yard.behave("called", { behaviour: "healthy", delay_ms: 1_500 });
  const first = await yard.route(called, same);
  await until("it is called", async () => (await yard.partnerHistory(called, first)).length === 1);
  const waiting = await many(5, () => yard.route(called, same));
  await yard.becomes(first, "DeliverySucceeded");
  const last = async (one: Routed) => (await yard.partnerHistory(called, one)).at(-1)?.type;
  const ended = performance.now();
  for (const one of waiting)
    await until("it is a duplicate", async () => (await last(one)) === "DeliveryDuplicated");
  assert.ok(performance.now() - ended < 1_000);
  // Once each, and once again when the first had ended.
  assert.is(await handedOver("called"), 1 + 5 + 5);
  assert.is((await yard.effects("called")).ids, 1);
});

test("take its place when it comes to nothing", async () => {
  const declining = await yard.configure("declining", { dedupe });
  await yard.behave("declining", { behaviour: "rejecting", delay_ms: 500 });
  const [first, second] = await many(2, () => yard.route(declining, same));
  assert.ok(first && second);
  await yard.becomes(first, "DeliveryRejected");
  await yard.becomes(second, "DeliveryRejected");
  assert.is((await yard.effects("declining")).max_requests, 1);
});

test.run();
