import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Sealed } from "#domain/event.ts";
import { IDENTITY_STREAM } from "#domain/identity/events.ts";
import type { Details, ForgetAnswer } from "#domain/identity/question.ts";
import { PartnerId } from "#domain/ids.ts";
import { FORGET_SUBJECT, SPLIT_SUBJECT } from "#platform/bus/subjects.ts";
import { dataIn, startTestYard, type TestYard } from "../../test/leads/yard.ts";
import { startLeads } from "../leads/app.ts";
import { startRelay } from "../relay/app.ts";
import { startIdentity } from "./app.ts";
import { loadIndex } from "./load-index.ts";
import { createSnapshots } from "./snapshots.ts";

const test = suite("identity");
let yard: TestYard;

test.before(async () => {
  yard = await startTestYard();
  await yard.partner("edu");
  await yard.rule({ to: PartnerId.parse("edu") });
  await yard.start("relay", startRelay);
  // Four processes that could each do all of it.
  for (let n = 0; n < 4; n += 1) await yard.start(`worker-${n}`, startLeads, startIdentity);
});
test.after(() => yard.stop());

async function identified(details: Details): Promise<Record<string, unknown>> {
  const history = await yard.reaches(await yard.receive(details), "SubmissionRouted");
  return dataIn(history, "PersonIdentified");
}

async function ask<Answer>(subject: string, person_id: unknown): Promise<Answer> {
  const bus = await yard.own.bus();
  const answer = await bus.request(subject, Buffer.from(JSON.stringify({ person_id })), 5_000);
  return JSON.parse(Buffer.from(answer).toString());
}

test("makes one person of 200 submissions that come at once", async () => {
  const spellings = [
    { email: "one@example.com", phone: "+15550001", full_name: "One Person" },
    { email: "ONE@example.com", phone: "+15550001", full_name: "Other Name" },
    { email: "one@example.com", full_name: "one  person" },
    { email: "else@example.com", phone: "+15550001", full_name: "One Person" },
  ];
  const ids = await Promise.all(
    Array.from({ length: 200 }, (_, n) => yard.receive(spellings[n % spellings.length] ?? {})),
  );
  const named = new Set<string>();
  for (const id of ids) {
    named.add(dataIn(await yard.reaches(id, "SubmissionRouted"), "PersonIdentified").person_id as string);
  }
  // Whoever came before the record that links them was answered with one who was merged since.
  const { state: people } = await loadIndex(await freshParts());
  const today = new Set(Array.from(named, (id) => people.personOf(people.find(id) as number)));
  assert.is(today.size, 1);
});

async function freshParts() {
  const { own } = yard;
  const snapshots = await createSnapshots(own.database(), own.log, 1);
  return { eventStore: own.eventStore(), vault: await own.vault(), snapshots, log: own.log };
}

test("merges two, and splits them for good when an operator says so", async () => {
  const ann = { email: "ann@example.com", phone: "+15550100", full_name: "Ann" };
  const bob = { email: "bob@example.com", phone: "+15550200", full_name: "Bob" };
  const [first, second] = [await identified(ann), await identified(bob)];
  assert.is.not(first.person_id, second.person_id);
  const both = { email: ann.email, phone: bob.phone, full_name: "Ann" };
  assert.is((await identified({ ...both, full_name: "Bob" })).person_id, second.person_id, "two of Bob's");
  const proof = await identified(both);
  assert.is(proof.match, "merged");
  assert.is(proof.person_id, first.person_id);
  assert.is((await identified(bob)).person_id, first.person_id);

  const told = await ask<Record<string, string>>(SPLIT_SUBJECT, first.person_id);
  assert.is(told.from, second.person_id);
  assert.is((await identified(bob)).person_id, second.person_id);
  assert.is((await identified(ann)).person_id, first.person_id);
  // What proved it before proves it no more.
  assert.is((await identified({ ...both, full_name: "ann" })).person_id, first.person_id);
  assert.is((await identified(bob)).person_id, second.person_id);
  assert.equal(await ask(SPLIT_SUBJECT, first.person_id), { refused: "nothing_to_split" });
});

test("forgets a person: nothing opens any more, and who comes again is somebody new", async () => {
  const eve = { email: "eve@example.com", phone: "+15550300", full_name: "Eve" };
  const id = await yard.receive(eve);
  const { person_id } = dataIn(await yard.reaches(id, "SubmissionRouted"), "PersonIdentified");
  const forgotten = await ask<ForgetAnswer>(FORGET_SUBJECT, person_id);
  assert.ok("persons" in forgotten);
  assert.equal(forgotten.persons, [person_id]);
  assert.ok(Date.parse(forgotten.raw_readable_until) > Date.now());

  const vault = await yard.own.vault();
  const history = await yard.history(id);
  const { sealed } = dataIn(history, "SubmissionRouted") as { sealed: Sealed };
  assert.is(await vault.open(sealed, `submission-${id}`), undefined);
  assert.is.not((await identified(eve)).person_id, person_id);
  assert.equal(await ask(FORGET_SUBJECT, person_id), { refused: "forgotten" });
});

test("is the same from a snapshot as from the log", async () => {
  const parts = await freshParts();
  const { eventStore, snapshots } = parts;
  const fromLog = await loadIndex(parts);
  snapshots.consider(fromLog);
  await snapshots.written();
  const again = (await freshParts()).snapshots;
  const stored = await again.load();
  assert.is(stored?.revision, fromLog.revision);
  const { state: people } = await loadIndex({ ...parts, snapshots: again });
  assert.is(people.count, fromLog.state.count);
  assert.ok(people.merges.splits.length > 0);
  assert.equal(people.merges.splits, fromLog.state.merges.splits);
  const records = await eventStore.readStream(IDENTITY_STREAM);
  for (const { type, data } of records) {
    if (type !== "PersonRegistered" && type !== "AliasRecorded") continue;
    const { traits } = data as { traits: object };
    assert.equal(people.match(traits), fromLog.state.match(traits));
  }
});

test("leaves no plain personal data in the event store's files", async () => {
  await identified({ email: "findme@example.com", phone: "+15559876543", full_name: "Zebedee Quux" });
  const { dir } = yard.parts.store;
  for (const file of readdirSync(dir, { recursive: true, withFileTypes: true })) {
    if (!file.isFile()) continue;
    const bytes = readFileSync(join(file.parentPath, file.name));
    for (const text of ["findme@example.com", "15559876543", "Zebedee"]) {
      assert.is(bytes.includes(text), false, `${file.name} holds ${text}`);
    }
    // The sentinel: what is not personal is found, so the search does search.
  }
  const all = readdirSync(dir, { recursive: true, withFileTypes: true }).filter((one) => one.isFile());
  assert.ok(all.some((file) => readFileSync(join(file.parentPath, file.name)).includes("PersonRegistered")));
});

test.run();
