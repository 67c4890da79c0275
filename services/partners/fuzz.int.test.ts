// Odd configurations through the API of a real gateway, and odd answers of partners: whatever comes, the role goes on, and whatever
// was routed has ended or is seen to wait.
import fc from "fast-check";
import * as assert from "uvu/assert";
import type { PartnerId } from "#domain/ids.ts";
import { partnerStream } from "#domain/partner/events.ts";
import { isWellFormed } from "#domain/well-formed.ts";
import type { StoredEvent } from "#platform/event-store/stored-event.ts";
import { gatewaySuite } from "../../test/gateway/suite.ts";
import { until } from "../../test/harness/wait.ts";
import { oddConfig, startOddServer } from "../../test/partners/odd-partners.ts";
import { type Routed, routeTo } from "../../test/partners/route.ts";
import { startProjections } from "../projections/app.ts";
import { startRelay } from "../relay/app.ts";
import { createSimulator } from "../simulator/app.ts";
import { startPartners } from "./app.ts";

const seed = Number(process.env.FUZZ_SEED ?? 20_260_101);
const CONFIGS = 60;
const DELIVERIES = 240;

const roles = [startRelay, startPartners, startProjections];
const { test, yard, atEnd } = await gatewaySuite(
  `odd partners (FUZZ_SEED=${seed})`,
  { allowPrivatePartners: true, drainMs: 1_000 },
  roles,
);
const [server, simulator] = await Promise.all([startOddServer(seed), createSimulator()]);
atEnd(async () => server.close());
atEnd(() => simulator.close());
const parts = { eventStore: yard.eventStore(), vault: await yard.vault() };
const routed: Routed[] = [];

async function route(partner: string, payload: Record<string, unknown> = {}): Promise<Routed> {
  const one = await routeTo(parts, partner as PartnerId, { email: "a@example.com", ...payload });
  routed.push(one);
  return one;
}

async function historyOf({ partner, delivery_id }: Routed): Promise<StoredEvent[]> {
  const events = await parts.eventStore.readStream(partnerStream(partner));
  return events.filter(({ data }) => (data as { delivery_id?: string }).delivery_id === delivery_id);
}

/** A healthy partner gets what is for it. */
async function isWorking(id: string): Promise<void> {
  const delivery = { type: "http", url: `${simulator.url}/partners/${id}` };
  assert.is((await yard.admin("PUT", `/api/partners/${id}`, { name: id, delivery })).status, 200);
  const one = await route(id);
  await until("a healthy partner is delivered to", async () =>
    (await historyOf(one)).some(({ type }) => type === "DeliverySucceeded"),
  );
}

test("whatever is configured is refused with a path, or works, and can be written back as it was read", async () => {
  let accepted = 0;
  for (const [n, config] of fc.sample(oddConfig(server.port), { seed, numRuns: CONFIGS }).entries()) {
    const id = `config-${n}`;
    // As a client would send it.
    const sent = JSON.parse(JSON.stringify(config)) as object;
    const put = await yard.admin("PUT", `/api/partners/${id}`, sent);
    const told = `${put.status} ${put.text} for ${JSON.stringify(sent)}`;
    if (put.status !== 200) {
      assert.ok(put.status === 400 || put.status === 422, told);
      assert.ok(put.body.errors?.length > 0 || put.body.detail !== undefined, told);
      continue;
    }
    accepted += 1;
    const read = await yard.admin("GET", `/api/partners/${id}`);
    assert.is(read.body.errors, undefined, told);
    const again = await yard.admin("PUT", `/api/partners/${id}`, read.body);
    assert.equal([again.status, again.body.delivery], [200, read.body.delivery], told);
    await route(id, { x: { y: "\u0000\ud800" } });
    await route(id);
  }
  assert.ok(accepted > CONFIGS / 3, `${accepted} of ${CONFIGS} were accepted`);
  await isWorking("after-configs");
});

test("whatever partners answer is stored as an outcome that everybody can read", async () => {
  const usual = { retry: { max_attempts: 2, base_ms: 1, max_ms: 1 }, circuit: { open_ms: 1 } };
  const responses = [
    {},
    { reason_path: "why", price_path: "price" },
    { success: { path: "ok", equals: true } },
  ];
  const partners = await Promise.all(
    [0, 1, 2, 3, 4, 5].map(async (n) => {
      const id = `answers-${n}`;
      const delivery = { type: "http", url: `http://127.0.0.1:${server.port}/${id}`, timeout_ms: 250 };
      const config = { ...usual, name: id, delivery, response: responses[n % 3], idempotent: n < 3 };
      assert.is((await yard.admin("PUT", `/api/partners/${id}`, config)).status, 200);
      return id;
    }),
  );
  const before = routed.length;
  await Promise.all(Array.from({ length: DELIVERIES }, (_, n) => route(partners[n % 6] ?? "")));
  const ends = /Succeeded|Rejected|Duplicated|DeadLettered/;
  await until("all of them have ended", async () => {
    const types = new Map<string, string>();
    for (const id of partners)
      for (const { type, data } of await parts.eventStore.readStream(partnerStream(id as PartnerId)))
        types.set((data as { delivery_id: string }).delivery_id, type);
    return routed.slice(before).every(({ delivery_id }) => ends.test(types.get(delivery_id) ?? ""));
  });
  await isWorking("after-answers");
});

test("nothing of it is lost, and nothing of it stops a reader", async () => {
  for (const one of routed) {
    const events = await historyOf(one);
    for (const { data } of events) {
      const { reason = "", price = 0 } = data as { reason?: string; price?: number };
      assert.ok(isWellFormed(reason) && reason.length <= 400);
      assert.ok(price >= 0 && price <= 1e9);
    }
    const last = events.at(-1)?.type ?? "";
    if (/Succeeded|Rejected|Duplicated|DeadLettered/.test(last)) continue;
    const { body } = await yard.admin("GET", `/api/partners/${one.partner}`);
    assert.ok(body.queue_depth > 0, `${one.delivery_id} of ${one.partner} waits nowhere after ${last}`);
  }
  await until("every read model has taken all of it", async () => {
    const { body } = await yard.admin("GET", "/api/projections");
    return body.length > 0 && body.every(({ lag }: { lag: number }) => lag === 0);
  });
  const { text } = await yard.call("/metrics");
  assert.not.match(text, /switchyard_partner_unusable\{[^}]*\} 1/);
});

test.run();
