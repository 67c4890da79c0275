// What a partner's page says of caps, held leads and pauses, and what becomes of a lead that it gives back.
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import * as assert from "uvu/assert";
import { PartnerId } from "#domain/ids.ts";
import { newUuid } from "#platform/ids.ts";
import { gatewaySuite } from "../../../test/gateway/suite.ts";
import { until } from "../../../test/harness/wait.ts";
import { type Routed, routeTo } from "../../../test/partners/route.ts";
import { startPartners } from "../../partners/app.ts";
import { startProjections } from "../../projections/app.ts";
import { startRelay } from "../../relay/app.ts";

const { test, yard, atEnd } = await gatewaySuite(
  "caps and returns over HTTP",
  { allowPrivatePartners: true },
  [startRelay, startPartners, startProjections],
);
let status = 200;
const received: string[] = [];
const server = createServer((request, response) => {
  received.push(String(request.headers["idempotency-key"]));
  response.writeHead(status).end("{}");
}).listen(0, "127.0.0.1");
await once(server, "listening");
atEnd(async () => server.close());
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;

const usual = { name: "Education", delivery: { type: "http", url }, price: 12 };
const put = (id: string, more: object = {}) =>
  yard.admin("PUT", `/api/partners/${id}`, { ...usual, ...more });
const get = async (id: string) => (await yard.admin("GET", `/api/partners/${id}`)).body;
const giveBack = (id: string, lead_id: string, reason = "wrong number") =>
  yard.admin("POST", `/api/partners/${id}/returns`, { lead_id, reason });
const leadOf = async ({ submission_id }: Routed) =>
  (await yard.admin("GET", `/api/leads/${submission_id}`)).body;

async function route(id: string): Promise<Routed> {
  return routeTo({ eventStore: yard.eventStore(), vault: await yard.vault() }, PartnerId.parse(id), { a: 1 });
}
const becomes = (routed: Routed, wanted: string) =>
  until(`the lead is ${wanted}`, async () => {
    const lead = await leadOf(routed);
    return lead?.status === wanted && lead;
  });
/** The newest event about it, with its reason. */
async function newestOf({ submission_id }: Routed): Promise<string> {
  const { body } = await yard.admin("GET", `/api/leads/${submission_id}/timeline`);
  const { type, reason } = body.items.at(-1);
  return `${type} ${reason}`;
}
const shows = (id: string, wanted: object) =>
  until(`the partner shows ${JSON.stringify(wanted)}`, async () => {
    const shown = await get(id);
    const figures = Object.fromEntries(Object.keys(wanted).map((name) => [name, shown[name]]));
    if (JSON.stringify(figures) === JSON.stringify(wanted)) return shown;
    throw new Error(JSON.stringify(figures));
  });

test("a partner without caps uses none", async () => {
  await put("boundless", {});
  assert.equal((await get("boundless")).caps_used, {});
});

test("caps and schedule are read back as they were written, with what is used", async () => {
  const caps = { hour: 2, day: 9, total: 9, otherwise: "hold" };
  const schedule = {
    time_zone: "UTC",
    open: [{ days: ["sun", "mon", "tue", "wed", "thu", "fri", "sat"], from: "00:00", to: "24:00" }],
  };
  const made = await put("edu", { caps, schedule });
  assert.is(made.status, 200, made.text);
  assert.equal([made.body.caps, made.body.schedule], [caps, schedule]);
  await shows("edu", { held: 0, caps_used: { hour: 0, day: 0, total: 0 } });
  const routed = await Promise.all(Array.from({ length: 5 }, () => route("edu")));
  const figures = {
    delivered: 2,
    held: 3,
    in_flight: 0,
    queue_depth: 0,
    failed: 0,
    dead_lettered: 0,
    duplicates: 0,
  };
  const shown = await shows("edu", { ...figures, caps_used: { hour: 2, day: 2, total: 2 } });
  const statuses = await Promise.all(routed.map(async (one) => (await leadOf(one)).status));
  assert.equal(statuses.sort(), ["delivered", "delivered", "held", "held", "held"]);
  assert.is((await yard.admin("PUT", "/api/partners/edu", shown)).status, 200);
  const listed = (await yard.admin("GET", "/api/partners")).body.items.find(
    ({ id }: { id: string }) => id === "edu",
  );
  assert.equal([listed.held, listed.caps_used], [3, { hour: 2, day: 2, total: 2 }]);
});

test("a partner for which leads are held can't be removed without saying what becomes of them", async () => {
  const refused = await yard.admin("DELETE", "/api/partners/edu");
  assert.is(refused.status, 409);
  assert.match(refused.body.detail, /^3 submissions wait/);
});

test("a lead that is given back counts no more, makes room, and can't be given back twice", async () => {
  await put("back", { caps: { total: 1 } });
  const [first, second] = [await route("back"), await route("back")];
  assert.is((await becomes(first, "delivered")).price, 12);
  await becomes(second, "held");
  await shows("back", { delivered: 1, held: 1, caps_used: { total: 1 } });

  const returned = await giveBack("back", first.submission_id);
  assert.is(returned.status, 200, returned.text);
  assert.equal(returned.body, {
    lead_id: first.submission_id,
    partner: "back",
    status: "returned",
    reason: "wrong number",
  });
  const lead = await becomes(first, "returned");
  assert.equal([lead.price, lead.reason], [undefined, "wrong number"]);
  await becomes(second, "delivered");
  await shows("back", { delivered: 1, held: 0, caps_used: { total: 1 } });
  const timeline = await yard.admin("GET", `/api/leads/${first.submission_id}/timeline`);
  assert.is(timeline.body.items.at(-1).type, "DeliveryReturned");

  const again = await giveBack("back", first.submission_id);
  assert.is(again.status, 409, again.text);
  const atOnce = await Promise.all(Array.from({ length: 5 }, () => giveBack("back", second.submission_id)));
  assert.equal(atOnce.map((one) => one.status).sort(), [200, 409, 409, 409, 409]);
});

test("what is read of partners reaches the position that is asked for", async () => {
  await put("counted");
  const routed = await route("counted");
  await becomes(routed, "delivered");
  const at = (await giveBack("counted", routed.submission_id)).headers["x-position"];
  const { headers, body } = await yard.admin("GET", `/api/partners/counted?after=${at}`);
  assert.is(body.delivered, 0);
  assert.ok(Number(headers["x-position"]) >= Number(at));
  const all = await yard.admin("GET", `/api/partners?after=${at}`);
  assert.is(all.body.items.find(({ id }: { id: string }) => id === "counted").delivered, 0);
  assert.ok(Number(all.headers["x-position"]) >= Number(at));
});

test("only a lead that this partner has can be given back", async () => {
  await put("mine");
  await put("other", { caps: { total: 0 } });
  const mine = await route("mine");
  await becomes(mine, "delivered");
  const waiting = await route("other");
  await becomes(waiting, "held");
  assert.is((await giveBack("other", mine.submission_id)).status, 409);
  assert.is((await giveBack("other", waiting.submission_id)).status, 409);
  assert.is((await giveBack("mine", newUuid())).status, 404);
  assert.is((await giveBack("mine", "no id")).status, 404);
  assert.is((await giveBack("nobody", mine.submission_id)).status, 404);
  const blank = await giveBack("mine", mine.submission_id, "  ");
  assert.equal([blank.status, blank.body.errors[0].path], [400, "reason"]);
  assert.is((await leadOf(mine)).status, "delivered");
});

test("a partner that says that it is gone declines its lead and is paused, so that others wait", async () => {
  await put("gone");
  status = 410;
  const routed = await route("gone");
  const shown = await shows("gone", { paused: true, paused_reason: "http_410", failed: 1 });
  assert.is(await newestOf(routed), "DeliveryRejected http_410");
  assert.is(shown.circuit_state, "closed");
  const also = await route("gone");
  await shows("gone", { queue_depth: 1, dead_lettered: 0 });
  const calls = received.length;
  status = 200;
  assert.is(
    (await yard.admin("PUT", "/api/partners/gone", { ...usual, name: "Still gone" })).body.paused,
    true,
  );
  assert.is(received.length, calls);
  const resumed = await yard.admin("POST", "/api/partners/gone/resume");
  assert.equal([resumed.body.paused, resumed.body.paused_reason], [false, undefined]);
  await becomes(also, "delivered");
  assert.is(await newestOf(routed), "DeliveryRejected http_410");
  const [told] = (await yard.eventStore().readStream("partner_config")).filter(
    ({ type }) => type === "PartnerPaused",
  );
  assert.is(told?.metadata.by, "switchyard");
});

test("whoever pauses a partner may say why", async () => {
  await put("tired");
  const paused = await yard.admin("POST", "/api/partners/tired/pause", { reason: "holidays" });
  assert.equal([paused.body.paused, paused.body.paused_reason], [true, "holidays"]);
  const silently = await yard.admin("POST", "/api/partners/tired/pause");
  assert.equal([silently.body.paused, silently.body.paused_reason], [true, undefined]);
  assert.is((await yard.admin("POST", "/api/partners/tired/pause", { why: "x" })).status, 422);
});

test.run();
