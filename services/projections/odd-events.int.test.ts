import { suite } from "uvu";
import * as assert from "uvu/assert";
import { DeliveryId, PartnerId, PersonId, SourceId, SubmissionId } from "#domain/ids.ts";
import { type PartnerEvent, partnerEvents, partnerStream } from "#domain/partner/events.ts";
import { submissionContext } from "#domain/seal-contexts.ts";
import { type SubmissionEvent, submissionEvents, submissionStream } from "#domain/submission/events.ts";
import { createCodec } from "#platform/event-store/codec.ts";
import type { NewEvent } from "#platform/event-store/stored-event.ts";
import { newUuid } from "#platform/ids.ts";
import { createLeadQueries } from "#projections/leads/query.ts";
import { createPartnerQueries } from "#projections/partners/query.ts";
import { createProgressQueries, requestRebuild } from "#projections/progress.ts";
import { until } from "../../test/harness/wait.ts";
import { startTestYard, type TestYard } from "../../test/leads/yard.ts";
import { startProjections } from "./app.ts";

// Events that nobody of ours writes, but that a log may hold: each must stop nothing but itself.

const test = suite("projections, given odd events,");
const codec = createCodec({ ...submissionEvents, ...partnerEvents });
const EDU = PartnerId.parse("edu");
let yard: TestYard;
let skipped: () => Promise<Record<string, number>>;

test.before(async () => {
  yard = await startTestYard();
  const { yard: running } = await yard.start("projections", startProjections);
  skipped = async () => {
    const metric = await running.metrics.registry
      .getSingleMetric("switchyard_projection_skipped_total")
      ?.get();
    return Object.fromEntries(
      (metric?.values ?? []).map(({ labels, value }) => [`${labels.projection} ${labels.why}`, value]),
    );
  };
});
test.after(() => yard.stop());

const encoded = (event: SubmissionEvent | PartnerEvent, at = new Date().toISOString()): NewEvent =>
  codec.encode(event, { id: newUuid(), at });

async function append(stream: string, ...events: NewEvent[]): Promise<void> {
  await yard.own.eventStore().append(stream, "any", events);
}

const queries = async () => {
  const [database, vault, eventStore] = [yard.own.database(), await yard.own.vault(), yard.own.eventStore()];
  return {
    leads: createLeadQueries({ database, vault, eventStore }),
    partners: createPartnerQueries({ database }),
  };
};

/** A sentinel: what came before it was taken in. */
async function othersGoOn(): Promise<void> {
  const id = await yard.receive({ email: `${newUuid()}@example.com` });
  const { leads } = await queries();
  await until("the next lead is there", async () => (await leads.byId(id))?.status === "received");
}

test("keep a reason with a character that PostgreSQL does not take", async () => {
  const id = await yard.receive({ email: "nul@example.com" });
  const reason = "no\0body";
  const unrouted = { submission_id: id, reason, ruleset_version: 1 };
  await append(submissionStream(id), encoded({ type: "SubmissionUnrouted", data: unrouted }));
  await othersGoOn();
  const { leads } = await queries();
  assert.is((await leads.byId(id))?.reason, "no\uFFFDbody");
  assert.is((await leads.timeline(id))?.items.at(-1)?.reason, reason);
});

test("tell of a partner whose id every object has as a property", async () => {
  const partner = PartnerId.parse("constructor");
  const id = await yard.receive({ email: "constructor@example.com" });
  const sealed_request = await (await yard.own.vault()).seal("others", {}, "nowhere");
  const about = { partner, delivery_id: DeliveryId.parse(newUuid()), submission_id: id };
  const attempt = { attempt: 1, dedupe_key: "d", started_at: new Date().toISOString(), sealed_request };
  const passedOver = await skipped();
  await append(
    partnerStream(partner),
    encoded({ type: "DeliveryStarted", data: { ...about, ...attempt } }),
    encoded({ type: "DeliveryStarted", data: { ...about, ...attempt, attempt: 2 } }),
  );
  await othersGoOn();
  assert.equal(await skipped(), passedOver);
  const { leads } = await queries();
  assert.equal(
    (await leads.timeline(id))?.items.map(({ attempt }) => attempt),
    [undefined, 1, 2],
  );
});

test("skip an event whose time is none", async () => {
  const id = await yard.receive({ email: "time@example.com" });
  const before = (await skipped())["leads unreadable"] ?? 0;
  const redriven: SubmissionEvent = {
    type: "SubmissionRedriven",
    data: { submission_id: id, stage: "route" },
  };
  await append(submissionStream(id), encoded(redriven, "yesterday"));
  await othersGoOn();
  assert.is((await skipped())["leads unreadable"], before + 1);
});

test("show a lead whose payload was tampered with, without the payload", async () => {
  const vault = await yard.own.vault();
  const id = SubmissionId.parse(newUuid());
  const sealed = await vault.seal("intake-2026-01-01", { kind: "lead" }, submissionContext(id));
  const about = { submission_id: id, kind: "lead", source: SourceId.parse("demo") } as const;
  const received_at = new Date().toISOString();
  const data = {
    ...about,
    received_at,
    fingerprint: "",
    key_fingerprint: "",
    sealed: { ...sealed, tag: sealed.iv },
  };
  await append(submissionStream(id), encoded({ type: "SubmissionReceived", data }));
  await othersGoOn();
  const { leads } = await queries();
  assert.is((await leads.byId(id))?.payload, null);
  assert.ok((await leads.list({ limit: 5 })).items.some((lead) => lead.id === id && lead.payload === null));
});

test("don't count what can't have happened to a circuit, and go on counting", async () => {
  await append(
    partnerStream(EDU),
    encoded({ type: "CircuitClosed", data: { partner: EDU } }),
    encoded({
      type: "CircuitOpened",
      data: { partner: EDU, until: "2030-01-01T00:00:00.000Z", reason: "r" },
    }),
  );
  await othersGoOn();
  const { partners } = await queries();
  const counts = await until("the partner is counted", async () => {
    const now = await partners.byId(EDU);
    return now.circuit === "open" && now;
  });
  assert.is(counts.retry_at, "2030-01-01T00:00:00.000Z");
  assert.is((await skipped())["partners impossible"], 1);
});

test("take a lead that is identified twice at once", async () => {
  const id = await yard.receive({ email: "twice@example.com" });
  const vault = await yard.own.vault();
  const sealed = await vault.seal("nobody-2026-01", {}, submissionContext(id));
  const persons = [PersonId.parse(newUuid()), PersonId.parse(newUuid())];
  const identified = persons.map((person_id) =>
    encoded({ type: "PersonIdentified", data: { submission_id: id, person_id, match: "new", sealed } }),
  );
  await append(submissionStream(id), ...identified);
  await othersGoOn();
  const { leads } = await queries();
  assert.is((await leads.byId(id))?.person_id, persons[1]);
});

test("skip the one event of many that no row takes, and write all others", async () => {
  const good = await yard.receive({ email: "good@example.com" });
  const bad = await yard.receive({ email: "bad@example.com" });
  const delivered = (submission_id: SubmissionId, attempts: number): NewEvent => {
    const data = { submission_id, partner: EDU, delivery_id: DeliveryId.parse(newUuid()), attempts };
    return encoded({ type: "SubmissionRejected", data: { ...data, reason: "no" } });
  };
  // More than PostgreSQL's int holds.
  await append(submissionStream(bad), delivered(bad, 2 ** 40));
  await append(submissionStream(good), delivered(good, 3));
  await othersGoOn();
  const { leads } = await queries();
  assert.is((await leads.byId(good))?.attempts, 3);
  assert.is((await leads.byId(bad))?.attempts, 0);
  assert.is((await skipped())["leads failed"], 1);
});

test("tell beside their progress how many they have passed over, also after a rebuild", async () => {
  const progress = createProgressQueries({
    database: yard.own.database(),
    eventStore: yard.own.eventStore(),
  });
  const leads = async () => (await progress.list()).find(({ name }) => name === "leads");
  const before = await leads();
  assert.ok(before);
  const counted = await skipped();
  assert.is(
    before.skipped,
    (counted["leads unreadable"] ?? 0) + 1,
    "what is unreadable, and what has failed",
  );
  const listed = async () => (await progress.skipped("leads", { limit: 200 }))?.items ?? [];
  assert.equal(
    (await listed()).map(({ type, reason }) => [type, reason]),
    [
      ["SubmissionRejected", "failed"],
      ["SubmissionRedriven", "unreadable"],
    ],
  );
  await requestRebuild(await yard.own.bus(), "leads");
  const after = await until("leads are rebuilt", async () => {
    const now = await leads();
    return now !== undefined && now.rebuilt_at !== before.rebuilt_at && now;
  });
  assert.is(after.skipped, before.skipped);
  assert.is((await listed()).length, 2);
});

test.run();
