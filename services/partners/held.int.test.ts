// Caps and schedules over the wire: how many a partner gets, in which order, and what becomes of the others.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { PartnerId } from "#domain/ids.ts";
import { partnerMailbox } from "#platform/bus/subjects.ts";
import { until } from "../../test/harness/wait.ts";
import type { Routed } from "../../test/partners/route.ts";
import { dataOf, type PartnerYard, startPartnerYard } from "../../test/partners/yard.ts";
import { startRelay } from "../relay/app.ts";
import { startPartners } from "./app.ts";

const test = suite("what a partner is held");
let yard: PartnerYard;
const realNow = Date.now;
const clock = { aheadMs: 0 };

test.before(async () => {
  Date.now = () => realNow() + clock.aheadMs;
  yard = await startPartnerYard();
  await yard.start("one", startRelay, startPartners);
});
test.after(async () => {
  await yard?.stop();
  Date.now = realNow;
});
test.after.each(() => {
  clock.aheadMs = 0;
});

async function routeInOrder(partner: PartnerId, count: number): Promise<Routed[]> {
  const routed: Routed[] = [];
  for (let n = 0; n < count; n += 1) routed.push(await yard.route(partner));
  return routed;
}

const newest = async (partner: PartnerId, about: Routed): Promise<string | undefined> =>
  (await yard.partnerHistory(partner, about)).at(-1)?.type;

/** How many of these deliveries are at their partner, and held. */
async function counts(partner: PartnerId, routed: readonly Routed[]): Promise<[number, number]> {
  const types = await Promise.all(routed.map((one) => newest(partner, one)));
  const count = (type: string): number => types.filter((one) => one === type).length;
  return [count("DeliverySucceeded"), count("DeliveryHeld")];
}

const become = (
  partner: PartnerId,
  routed: readonly Routed[],
  expected: [number, number],
): Promise<unknown> =>
  until(`${expected[0]} are delivered and ${expected[1]} held`, async () => {
    const found = await counts(partner, routed);
    if (`${found}` !== `${expected}`) throw new Error(`${found}`);
    return true;
  });

const nothingIsMailed = (partner: PartnerId): Promise<unknown> =>
  until("its mailbox is empty", async () => {
    const queue = await (await yard.own.bus()).consumerState(partnerMailbox(partner));
    return queue !== undefined && queue.pending + queue.ackPending === 0;
  });

test("gets no more than its cap, then as much more as a new cap allows, the oldest first", async () => {
  const capped = await yard.configure("capped", { caps: { total: 5 } });
  await yard.behave("capped", { behaviour: "healthy", delay_ms: 20 });
  const routed = await routeInOrder(capped, 40);
  await become(capped, routed, [5, 35]);
  await nothingIsMailed(capped);
  assert.is((await yard.effects("capped")).effects, 5);
  await yard.configure("capped", { caps: { total: 12 } });
  await become(capped, routed, [12, 28]);
  await nothingIsMailed(capped);
  assert.is((await yard.effects("capped")).effects, 12);
  const first = await Promise.all(routed.slice(5, 12).map((one) => newest(capped, one)));
  assert.equal(new Set(first), new Set(["DeliverySucceeded"]));
  await yard.configure("capped");
  await become(capped, routed, [40, 0]);
  const { effects, max } = await yard.effects("capped");
  assert.equal({ effects, max }, { effects: 40, max: 1 });
});

test("gets its cap full however many fail, and however many come at once", async () => {
  const full = await yard.configure("full", {
    caps: { total: 20 },
    retry: { max_attempts: 10, base_ms: 10, max_ms: 50 },
  });
  await yard.behave("full", { behaviour: "failing", rate: 0.3, delay_ms: 5 });
  const routed = await Promise.all(Array.from({ length: 60 }, () => yard.route(full)));
  await become(full, routed, [20, 40]);
  assert.is((await yard.effects("full")).effects, 20);
});

test("gets the next hour's share when the hour is over, and none of the hour after that", async () => {
  const hourly = await yard.configure("hourly", { caps: { hour: 3 } });
  const routed = await routeInOrder(hourly, 10);
  await become(hourly, routed, [3, 7]);
  const held = dataOf((await yard.partnerHistory(hourly, routed.at(-1))).at(-1));
  assert.is(held.reason, "cap_hour");
  assert.is(Date.parse(held.until as string) % 3_600_000, 0);
  for (const expected of [6, 9, 12]) {
    clock.aheadMs += 3_600_000;
    // Whatever comes brings its clock to mind; and waits behind the others.
    routed.push(await yard.route(hourly));
    await become(hourly, routed, [expected, routed.length - expected]);
  }
  assert.is((await yard.effects("hourly")).effects, 12);
});

test("is left alone outside its hours, and gets all that was held when they begin", async () => {
  const day = (ahead: number): string =>
    new Date(realNow() + ahead * 86_400_000)
      .toLocaleDateString("en-US", { weekday: "short", timeZone: "UTC" })
      .toLowerCase();
  const open = [{ days: [day(2)], from: "00:00", to: "24:00" }];
  const office = await yard.configure("office", { schedule: { time_zone: "UTC", open } });
  const routed = await routeInOrder(office, 30);
  await become(office, routed, [0, 30]);
  await nothingIsMailed(office);
  assert.is(dataOf((await yard.partnerHistory(office, routed[0])).at(-1)).reason, "outside_schedule");
  assert.equal(await yard.requests("office"), []);
  clock.aheadMs = 2 * 86_400_000;
  routed.push(await yard.route(office));
  await become(office, routed, [31, 0]);
});

test("lets what it can't take go on in a waterfall, and keeps the last of it", async () => {
  const first = await yard.configure("first", { caps: { total: 1 } });
  const next = await yard.configure("next");
  await become(first, [await yard.route(first)], [1, 0]);
  const on = await yard.route(first, {}, [next]);
  const [event] = await yard.becomes(on, "DeliveryPassedOn");
  assert.equal(dataOf(event), { ...on, attempts: 0, reason: "cap_total" });
  const last = await yard.route(first);
  await yard.becomes(last, "DeliveryHeld");
  await nothingIsMailed(first);
  await yard.configure("first", { caps: { total: 1, otherwise: "hold" } });
  const kept = await yard.route(first, {}, [next]);
  await yard.becomes(kept, "DeliveryHeld");
  await yard.configure("first", { caps: { total: 1 } });
  await yard.becomes(kept, "DeliveryPassedOn");
  assert.is(await newest(first, last), "DeliveryHeld");
});

test("lets go on what it holds when the next partner of its waterfall is enabled", async () => {
  const full = await yard.configure("brimful", { caps: { total: 0 } });
  const off = await yard.configure("switched-off", { enabled: false });
  const routed = await yard.route(full, {}, [off]);
  const last = await yard.route(full);
  await become(full, [routed, last], [0, 2]);
  await nothingIsMailed(full);
  await yard.configure("switched-off");
  await yard.becomes(routed, "DeliveryPassedOn");
  await nothingIsMailed(full);
  assert.is(await newest(full, last), "DeliveryHeld");
});

test("holds also while its circuit is open, and nothing while it is paused", async () => {
  const settings = { circuit: { failure_threshold: 1, open_ms: 600_000 }, retry: { max_attempts: 1 } };
  const shut = await yard.configure("shut", settings);
  await yard.behave("shut", { behaviour: "failing", rate: 1 });
  await yard.becomes(await yard.route(shut), "DeliveryDeadLettered");
  const waiting = await yard.route(shut);
  await yard.configure("shut", { ...settings, caps: { total: 0 } });
  await become(shut, [waiting, ...(await routeInOrder(shut, 3))], [0, 4]);
  assert.is((await yard.effects("shut")).max_requests, 1);
  await yard.tell(shut, "PartnerPaused");
  const sentinel = await yard.configure("sentinel");
  await yard.becomes(await yard.route(sentinel), "DeliverySucceeded");
  const routed = await yard.route(shut);
  await yard.becomes(await yard.route(sentinel), "DeliverySucceeded");
  assert.equal(await yard.partnerHistory(shut, routed), []);
  await yard.tell(shut, "PartnerResumed");
  await yard.becomes(routed, "DeliveryHeld");
});

test("goes on where it was when its owner has gone", async () => {
  const moved = await yard.configure("moved", { caps: { total: 2 } });
  const routed = await routeInOrder(moved, 10);
  await become(moved, routed, [2, 8]);
  const { stop } = await yard.start("two", startPartners);
  await yard.configure("moved", { caps: { total: 6 } });
  await become(moved, routed, [6, 4]);
  await stop();
  await yard.configure("moved", { caps: { total: 9 } });
  await become(moved, routed, [9, 1]);
  assert.is((await yard.effects("moved")).effects, 9);
});

test("ends what is held when it is removed", async () => {
  const gone = await yard.configure("gone", { caps: { total: 0 } });
  const routed = await routeInOrder(gone, 3);
  await become(gone, routed, [0, 3]);
  await yard.tell(gone, "PartnerRemoved");
  for (const one of routed) await yard.becomes(one, "DeliveryDeadLettered");
});

test.run();
