import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Details } from "#domain/identity/question.ts";
import { PartnerId } from "#domain/ids.ts";
import { FORGET_SUBJECT, SPLIT_SUBJECT } from "#platform/bus/subjects.ts";
import { startIdentity } from "../../services/identity/app.ts";
import { startLeads } from "../../services/leads/app.ts";
import { startProjections } from "../../services/projections/app.ts";
import { startRelay } from "../../services/relay/app.ts";
import { dataIn, startTestYard, type TestYard } from "../../test/leads/yard.ts";
import { createLeadQueries } from "../leads/query.ts";
import { createIdentityQueries, type Identity, type IdentityQueries } from "./query.ts";

const test = suite("identities");
let yard: TestYard;
let queries: IdentityQueries;

test.before(async () => {
  yard = await startTestYard();
  await yard.partner("edu");
  await yard.rule({ to: PartnerId.parse("edu") });
  await yard.start("all", startRelay, startLeads, startIdentity, startProjections);
  queries = createIdentityQueries({ database: yard.own.database(), vault: await yard.own.vault() });
});
test.after(() => yard.stop());

async function send(details: Details): Promise<{ lead: string; person: string }> {
  const lead = await yard.receive(details);
  const person = dataIn(await yard.reaches(lead, "SubmissionRouted"), "PersonIdentified").person_id as string;
  return { lead, person };
}

async function read(id: string): Promise<Identity> {
  assert.ok(await queries.reached(await yard.own.eventStore().head(), 30_000));
  const found = await queries.byId(id);
  assert.ok(found);
  return found;
}

async function tell(subject: string, person_id: string): Promise<void> {
  await (await yard.own.bus()).request(subject, Buffer.from(JSON.stringify({ person_id })), 30_000);
}

const ann = { email: "ann@example.com", phone: "+15550100", full_name: "Ann Lee" };

test("show a person with aliases and what they sent", async () => {
  const first = await send(ann);
  const second = await send({ ...ann, email: "other@example.com" });
  const shown = await read(first.person);
  const [alias] = shown.aliases;
  assert.equal(shown, {
    id: first.person,
    ...ann,
    aliases: [{ id: alias?.id, ...ann, email: "other@example.com" }],
    leads: [second.lead, first.lead],
    lead_count: 2,
  });
  assert.equal(await read(alias?.id ?? ""), shown, "an alias leads to its person");
});

test("are found by any spelling of their values, and page by page", async () => {
  await read((await send({ email: "page@example.com", phone: "+15550400" })).person);
  await read((await send({ email: "page@example.com", phone: "+15550401" })).person);
  const all = await queries.list({ email: " PAGE@example.com", limit: 10 });
  assert.is(all.items.length, 2);
  const first = await queries.list({ email: "page@example.com", limit: 1 });
  const second = await queries.list({ email: "page@example.com", limit: 1, cursor: first.next_cursor });
  assert.equal([...first.items, ...second.items], all.items);
  assert.is(second.next_cursor, undefined);
  const none = await queries.list({ email: "page@example.com", phone: "+15550999", limit: 10 });
  assert.equal(none.items, []);
});

test("follow merges, and splits", async () => {
  const one = await send({ email: "m1@example.com", phone: "+15550501", full_name: "Em One" });
  const two = await send({ email: "m2@example.com", phone: "+15550502", full_name: "Em Two" });
  await send({ email: "m1@example.com", phone: "+15550502", full_name: "Em One" });
  await send({ email: "m1@example.com", phone: "+15550502", full_name: "Em Two" });
  const merged = await read(two.person);
  assert.is(merged.id, one.person);
  assert.is(merged.lead_count, 4);
  await tell(SPLIT_SUBJECT, one.person);
  const split = await read(two.person);
  assert.is(split.id, two.person);
  assert.is(split.full_name, "Em Two");
});

test("show nothing of whom we were told to forget", async () => {
  const { person, lead } = await send({ email: "gone@example.com", phone: "+15550600", full_name: "Gone" });
  await read(person);
  await tell(FORGET_SUBJECT, person);
  const { forgotten_at, ...shown } = await read(person);
  assert.ok(forgotten_at);
  assert.equal(shown, {
    id: person,
    email: null,
    phone: null,
    full_name: null,
    aliases: [],
    leads: [lead],
    lead_count: 1,
  });
  assert.equal((await queries.list({ email: "gone@example.com", limit: 10 })).items, []);
  const leads = createLeadQueries({
    database: yard.own.database(),
    vault: await yard.own.vault(),
    eventStore: yard.own.eventStore(),
  });
  assert.ok(await leads.reached(await yard.own.eventStore().head(), 30_000));
  assert.equal((await leads.list({ q: "gone@example.com", limit: 10 })).items, []);
  assert.is((await leads.byId(lead))?.payload, null);
  const rows = await yard.own
    .database()
    .query("select email, sealed from identities.record where person_id = $1", [person]);
  assert.equal(rows, [{ email: null, sealed: null }]);
});

test.run();
