import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Sealed } from "#domain/event.ts";
import { DeliveryId, PartnerId, SourceId, SubmissionId } from "#domain/ids.ts";
import { type PartnerEvent, partnerStream } from "#domain/partner/events.ts";
import { deliveryContext, submissionContext } from "#domain/seal-contexts.ts";
import { type SubmissionEvent, submissionEvents, submissionStream } from "#domain/submission/events.ts";
import { createCodec } from "#platform/event-store/codec.ts";
import type { EventStore } from "#platform/event-store/event-store.ts";
import { newUuid } from "#platform/ids.ts";
import type { Vault } from "#platform/vault/vault.ts";
import { startProjections } from "../../services/projections/app.ts";
import { startTestYard, type TestYard } from "../../test/leads/yard.ts";
import { createLeadQueries, type LeadQueries } from "./query.ts";

const test = suite("a lead's timeline");
const [EDU, FIN] = [PartnerId.parse("edu"), PartnerId.parse("fin")];
const codec = createCodec(submissionEvents);
let yard: TestYard;
let vault: Vault;
let leads: LeadQueries;
let projections: { stop(): Promise<void> };
const reads: { stream: string; count: number }[] = [];

test.before(async () => {
  yard = await startTestYard();
  projections = await yard.start("projections", startProjections);
  vault = await yard.own.vault();
  const eventStore = yard.own.eventStore();
  const readStream: EventStore["readStream"] = async (stream, options) => {
    const events = await eventStore.readStream(stream, options);
    reads.push({ stream, count: events.length });
    return events;
  };
  leads = createLeadQueries({ database: yard.own.database(), vault, eventStore: { readStream } });
});
test.after(() => yard.stop());

const at = (second: number): string => new Date(Date.UTC(2026, 0, 1, 0, 0, second)).toISOString();
const timings = { total_ms: 5, partner_ms: 4, overhead_ms: 1 };

interface Lead {
  readonly id: SubmissionId;
  readonly sealed: Sealed;
}

async function received(): Promise<Lead> {
  const id = await yard.receive({ email: `${newUuid()}@example.com` });
  return { id, sealed: await vault.seal("nobody-2026-01", {}, submissionContext(id)) };
}

async function says(id: SubmissionId, ...events: SubmissionEvent[]): Promise<void> {
  const encoded = events.map((event, n) => codec.encode(event, { id: newUuid(), at: at(n) }));
  await yard.own.eventStore().append(submissionStream(id), "any", encoded);
}

function routed({ id: submission_id, sealed }: Lead, partner: PartnerId, delivery_id: DeliveryId, leg = 1) {
  const about = { submission_id, kind: "lead", source: SourceId.parse("demo"), received_at: at(0) } as const;
  const route = { partner, delivery_id, leg, remaining: [], rule: null, ruleset_version: 1 };
  return { type: "SubmissionRouted", data: { ...about, key_fingerprint: "k", route, sealed } } as const;
}

/** So many attempts at other leads' deliveries in the partner's stream. */
async function others(partner: PartnerId, count: number): Promise<void> {
  const sealed_request = await vault.seal("others", {}, "nowhere");
  const events = Array.from({ length: count }, (): PartnerEvent => {
    const about = {
      partner,
      delivery_id: DeliveryId.parse(newUuid()),
      submission_id: SubmissionId.parse(newUuid()),
    };
    const started = { attempt: 1, dedupe_key: "d", started_at: at(0), sealed_request };
    return { type: "DeliveryStarted", data: { ...about, ...started } };
  });
  await yard.says(partner, ...events);
}

async function attempts(lead: Lead, partner: PartnerId, delivery_id: DeliveryId): Promise<void> {
  const about = { partner, delivery_id, submission_id: lead.id };
  const seal = (value: unknown): Promise<Sealed> =>
    vault.seal("edu-key", value, deliveryContext(delivery_id));
  for (const attempt of [1, 2]) {
    const request = {
      dedupe_key: "d",
      started_at: at(attempt),
      sealed_request: await seal({ body: `try ${attempt}` }),
    };
    await yard.says(partner, { type: "DeliveryStarted", data: { ...about, attempt, ...request } });
    await others(partner, 300);
    const sealed = { sealed_response: await seal({ status: 503 }), sealed_reason: await seal("Ann is busy") };
    const response = { timings, ...sealed, reason: "http_503" };
    const outcome: PartnerEvent =
      attempt === 1
        ? { type: "DeliveryFailed", data: { ...about, attempt, ...response, retry_at: at(2) } }
        : { type: "DeliveryRejected", data: { ...about, attempt, ...response } };
    await yard.says(partner, outcome);
    await others(partner, 300);
  }
}

async function waterfall(): Promise<Lead> {
  const lead = await received();
  const [first, second] = [DeliveryId.parse(newUuid()), DeliveryId.parse(newUuid())];
  await says(
    lead.id,
    { type: "PersonIdentified", data: { submission_id: lead.id, match: "nobody", sealed: lead.sealed } },
    routed(lead, EDU, first),
  );
  await attempts(lead, EDU, first);
  await says(lead.id, routed(lead, FIN, second, 2));
  await attempts(lead, FIN, second);
  // The first partner speaks late.
  const held = { partner: EDU, delivery_id: first, submission_id: lead.id, reason: "late" };
  await yard.says("edu", { type: "DeliveryHeld", data: held });
  return lead;
}

async function reached(): Promise<void> {
  assert.ok(await leads.reached(await yard.own.eventStore().head(), 30_000));
}

test("is told in order, from a few reads, whatever else its partners have done", async () => {
  const lead = await waterfall();
  await reached();
  reads.length = 0;
  const items = (await leads.timeline(lead.id))?.items ?? [];
  assert.equal(
    items.map(({ type, partner, attempt }) => [type, partner, attempt].filter(Boolean).join(" ")),
    [
      "SubmissionReceived",
      "PersonIdentified",
      "SubmissionRouted",
      "DeliveryStarted edu 1",
      "DeliveryFailed edu 1",
      "DeliveryStarted edu 2",
      "DeliveryRejected edu 2",
      "SubmissionRouted",
      "DeliveryStarted fin 1",
      "DeliveryFailed fin 1",
      "DeliveryStarted fin 2",
      "DeliveryRejected fin 2",
      "DeliveryHeld edu",
    ],
  );
  const places = items.map(({ position }) => BigInt(position));
  assert.equal(
    places,
    [...places].sort((a, b) => Number(a - b)),
  );
  assert.equal(
    items
      .slice(3, 5)
      .map(({ request, response, reason, timings: taken }) => ({ request, response, reason, taken })),
    [
      { request: { body: "try 1" }, response: undefined, reason: undefined, taken: undefined },
      { request: { body: "try 1" }, response: { status: 503 }, reason: "Ann is busy", taken: timings },
    ],
  );
  assert.ok(items.every((item) => !Object.keys(item).some((name) => name.startsWith("sealed"))));
  assert.is(reads.length, 1 + 5 + 4);
  assert.is(
    reads.reduce((sum, { count }) => sum + count, 0),
    items.length,
  );
});

test("reads events that stand close to each other at once", async () => {
  const lead = await received();
  const delivery_id = DeliveryId.parse(newUuid());
  await says(lead.id, routed(lead, EDU, delivery_id));
  const about = { partner: EDU, delivery_id, submission_id: lead.id, reason: "cap" };
  for (let n = 0; n < 5; n += 1) {
    await yard.says("edu", { type: "DeliveryHeld", data: about });
    await others(EDU, 2);
  }
  await reached();
  reads.length = 0;
  const items = (await leads.timeline(lead.id))?.items ?? [];
  assert.is(items.filter(({ type }) => type === "DeliveryHeld").length, 5);
  assert.equal(
    reads.map(({ stream, count }) => [stream, count]),
    [
      [submissionStream(lead.id), 2],
      [partnerStream(EDU), 13],
    ],
  );
});

test("shows nothing of an attempt whose key is destroyed", async () => {
  const lead = await waterfall();
  await reached();
  await vault.destroy(["edu-key"]);
  const items = (await leads.timeline(lead.id))?.items ?? [];
  assert.equal(
    items.slice(3, 5).map(({ type, request, response, reason }) => ({ type, request, response, reason })),
    [
      { type: "DeliveryStarted", request: null, response: undefined, reason: undefined },
      { type: "DeliveryFailed", request: null, response: null, reason: "http_503" },
    ],
  );
});

test("reaches as far as the lead itself, and there is none of a lead that nobody knows", async () => {
  const lead = await received();
  await reached();
  await projections.stop();
  await says(lead.id, {
    type: "PersonIdentified",
    data: { submission_id: lead.id, match: "nobody", sealed: lead.sealed },
  });
  assert.is((await leads.byId(lead.id))?.status, "received");
  assert.equal(
    (await leads.timeline(lead.id))?.items.map(({ type }) => type),
    ["SubmissionReceived"],
  );
  assert.is(await leads.timeline(newUuid()), undefined);
  assert.is(await leads.timeline("nobody"), undefined);
});

test.run();
