// What Slack, mail servers, NATS and people's own functions might answer, at random: whatever it is, each delivery comes to an outcome
// that everybody can read, each partner works once it is well again, and each read model can be made anew.
import fc from "fast-check";
import { connect, JSONCodec } from "nats";
import * as assert from "uvu/assert";
import type { PartnerId } from "#domain/ids.ts";
import { partnerStream } from "#domain/partner/events.ts";
import { isWellFormed } from "#domain/well-formed.ts";
import type { StoredEvent } from "#platform/event-store/stored-event.ts";
import { gatewaySuite } from "../../test/gateway/suite.ts";
import { until } from "../../test/harness/wait.ts";
import { oddFunction } from "../../test/partners/odd-functions.ts";
import { startOddServer } from "../../test/partners/odd-partners.ts";
import { startOddMailServer } from "../../test/partners/odd-smtp.ts";
import { type Routed, routeTo } from "../../test/partners/route.ts";
import { startProjections } from "../projections/app.ts";
import { startRelay } from "../relay/app.ts";
import { createSimulator } from "../simulator/app.ts";
import { startPartners } from "./app.ts";

const seed = Number(process.env.FUZZ_SEED ?? 20_260_202);
const EACH = 80;
const FUNCTIONS = 50;

const roles = [startRelay, startPartners, startProjections];
const { test, parts, yard, atEnd } = await gatewaySuite(
  `odd answers of every channel (FUZZ_SEED=${seed})`,
  { allowPrivatePartners: true, drainMs: 1_000 },
  roles,
);
const [http, mail, simulator, nats] = await Promise.all([
  startOddServer(seed),
  startOddMailServer(seed),
  createSimulator(),
  connect({ servers: parts.nats.url }),
]);
atEnd(async () => http.close());
atEnd(async () => mail.close());
atEnd(() => simulator.close());
atEnd(() => nats.close());
const vault = await yard.vault();
const eventStore = yard.eventStore();
const ENDS = /Succeeded|Rejected|Duplicated|DeadLettered/;
const usual = {
  retry: { max_attempts: 2, base_ms: 1, max_ms: 1 },
  circuit: { failure_threshold: 1_000_000, open_ms: 1 },
};
const routed: Routed[] = [];

async function configure(id: string, delivery: object, more: object = {}): Promise<PartnerId> {
  const put = await yard.admin("PUT", `/api/partners/${id}`, { ...usual, name: id, delivery, ...more });
  assert.is(put.status, 200, put.text);
  return id as PartnerId;
}

async function route(partner: PartnerId): Promise<Routed> {
  const one = await routeTo({ eventStore, vault }, partner, {
    email: "a@example.com",
    full_name: "\u0000Ann",
  });
  routed.push(one);
  return one;
}

async function historyOf({ partner, delivery_id }: Routed): Promise<StoredEvent[]> {
  const events = await eventStore.readStream(partnerStream(partner));
  return events.filter(({ data }) => (data as { delivery_id?: string }).delivery_id === delivery_id);
}

async function ended(of: readonly Routed[]): Promise<void> {
  await until(
    "all of them have ended",
    async () => {
      const types = new Map<string, string>();
      for (const partner of new Set(of.map((one) => one.partner)))
        for (const { type, data } of await eventStore.readStream(partnerStream(partner)))
          types.set((data as { delivery_id: string }).delivery_id, type);
      const left = of.filter(({ delivery_id }) => !ENDS.test(types.get(delivery_id) ?? ""));
      if (left.length === 0) return true;
      throw new Error(
        `${left.length} have not, ${left[0]?.partner} ${types.get(left[0]?.delivery_id ?? "")}`,
      );
    },
    90_000,
  );
}

const routeMany = (partner: PartnerId, count: number): Promise<Routed[]> =>
  Promise.all(Array.from({ length: count }, () => route(partner)));

async function works(partner: PartnerId): Promise<void> {
  const one = await route(partner);
  await until(`${partner} is delivered to`, async () =>
    (await historyOf(one)).some(({ type }) => type === "DeliverySucceeded"),
  );
}

for (const idempotent of [true, false])
  test(`whatever Slack answers${idempotent ? "" : ", where a repeat would be read twice"}`, async () => {
    const id = `slack-${idempotent}`;
    const delivery = { type: "slack", webhook_url: `http://127.0.0.1:${http.port}/T/B/x`, timeout_ms: 250 };
    const partner = await configure(id, delivery, { idempotent });
    await ended(await routeMany(partner, EACH));
    await works(await configure(id, { ...delivery, webhook_url: `${simulator.url}/slack/${id}` }));
  });

test("whatever a mail server answers", async () => {
  const delivery = { type: "email", to: "a@shop.example", from: "b@shop.example", timeout_ms: 300 };
  const smtp_url = `smtp://127.0.0.1:${mail.port}`;
  const [once, again] = await Promise.all([
    configure("mail-once", { ...delivery, smtp_url }, { idempotent: false }),
    configure("mail-again", { ...delivery, smtp_url }),
  ]);
  await ended((await Promise.all([routeMany(once, EACH), routeMany(again, EACH)])).flat());
  mail.mend();
  await Promise.all([works(once), works(again)]);
});

test("whatever answers for NATS, and where nobody does", async () => {
  const partner = await configure("odd-nats", { type: "nats", subject: "partners.odd.leads" });
  await works(partner);
  const manager = await nats.jetstreamManager();
  const { config } = await manager.streams.info("PARTNERS");
  await manager.streams.delete("PARTNERS");
  await ended(await routeMany(partner, 10));
  const answers = fc.sample(
    fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      fc.jsonValue().map((value) => Buffer.from(JSON.stringify(value))),
      fc
        .record(
          { stream: fc.string(), seq: fc.jsonValue(), duplicate: fc.jsonValue(), error: fc.jsonValue() },
          { requiredKeys: [] },
        )
        .map((value) => JSONCodec().encode(value)),
    ),
    { seed, numRuns: EACH },
  );
  let next = 0;
  const subscription = nats.subscribe("partners.odd.>", {
    callback: (_error, message) => void message.respond(answers[next++ % answers.length] ?? new Uint8Array()),
  });
  await ended(await routeMany(partner, EACH));
  assert.ok(next >= EACH, `${next} were answered`);
  subscription.unsubscribe();
  await manager.streams.add(config);
  await works(partner);
});

test("whatever a function does", async () => {
  const codes = fc.sample(oddFunction, { seed, numRuns: FUNCTIONS });
  const partners: PartnerId[] = [];
  for (const [n, code] of codes.entries())
    partners.push(await configure(`function-${n}`, { type: "function", code, timeout_ms: 2_000 }));
  await ended(await Promise.all(partners.map(route)));
  // Whatever one of them did, the next run of the same partner begins with nothing of it.
  const code = "(lead) => ({ outcome: lead.email === 'a@example.com' ? 'success' : 'failure' })";
  for (const partner of partners) await configure(partner, { type: "function", code });
  await Promise.all(partners.map(works));
});

test("all of it can be read, and each read model made anew of it", async () => {
  for (const partner of new Set(routed.map((one) => one.partner)))
    for (const { data } of await eventStore.readStream(partnerStream(partner))) {
      const { reason = "", price = 0 } = data as { reason?: string; price?: number };
      assert.ok(isWellFormed(reason) && reason.length <= 400);
      assert.ok(price >= 0 && price <= 1e9);
    }
  const models = await yard.admin("GET", "/api/projections");
  assert.ok(models.body.length > 0);
  for (const { name } of models.body as { name: string }[])
    assert.is((await yard.admin("POST", `/api/projections/${name}/rebuild`)).status, 202);
  await until(
    "every read model was made anew, and has taken all of it",
    async () => {
      const { body } = await yard.admin("GET", "/api/projections");
      return body.every(
        (one: { lag: number; rebuilding?: object }) => one.lag === 0 && one.rebuilding === undefined,
      );
    },
    60_000,
  );
  const { text } = await yard.call("/metrics");
  assert.not.match(text, /switchyard_partner_unusable\{[^}]*\} 1/);
});

test.run();
