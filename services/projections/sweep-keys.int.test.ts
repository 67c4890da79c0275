import { suite } from "uvu";
import * as assert from "uvu/assert";
import { PersonId, SourceId, SubmissionId } from "#domain/ids.ts";
import { submissionContext } from "#domain/seal-contexts.ts";
import { type SubmissionEvent, submissionEvents, submissionStream } from "#domain/submission/events.ts";
import { createCodec } from "#platform/event-store/codec.ts";
import type { StoredEvent } from "#platform/event-store/stored-event.ts";
import { newUuid } from "#platform/ids.ts";
import type { Sealed } from "#platform/vault/vault.ts";
import { createLeadQueries } from "#projections/leads/query.ts";
import { startNode } from "../../test/harness/process.ts";
import { filesWith } from "../../test/harness/stored-bytes.ts";
import { until } from "../../test/harness/wait.ts";
import { yardEnvironment } from "../../test/harness/yard-environment.ts";
import { startTestYard, type TestYard } from "../../test/leads/yard.ts";
import { createIntakeSeal } from "../gateway/intake/intake-seal.ts";
import { startProjections } from "./app.ts";
import { type KeySweepParts, sweepOnce } from "./sweep-keys.ts";

const test = suite("the sweep of keys");
const ALL = new URL("../main.ts", import.meta.url).pathname;
const CLOCK_AHEAD = new URL("../../test/harness/clock-ahead.ts", import.meta.url).href;
const DAY_MS = 24 * 60 * 60 * 1_000;
let yard: TestYard;

test.before(async () => {
  yard = await startTestYard();
});
test.after(() => yard.stop());

const dayFrom = (days: number): string => new Date(Date.now() + days * DAY_MS).toISOString().slice(0, 10);

async function isThere(key: string): Promise<boolean> {
  const rows = await yard.own
    .database()
    .query("select 1 from vault.keys where id = $1 and wrapped is not null", [key]);
  return rows.length === 1;
}

test("destroys no key of today and none of the future in a process whose clock is days ahead", async () => {
  const vault = await yard.own.vault();
  const [old, today, tomorrow] = [`intake-${dayFrom(-15)}`, `intake-${dayFrom(0)}`, `intake-${dayFrom(1)}`];
  await vault.ensureKeys([old, today]);
  await yard.receive({ email: "first@example.com" });
  const ahead = await startNode(ALL, {
    ROLES: "identity,projections",
    ...yardEnvironment(yard.config),
    CLOCK_AHEAD_MS: `${20 * DAY_MS}`,
    NODE_OPTIONS: `--import=${CLOCK_AHEAD}`,
  });
  // The sentinel: the sweep has been.
  await until("what is over by the log's time is destroyed", async () => !(await isThere(old)), 30_000);
  await ahead.stop();
  assert.ok(await isThere(today));
  await vault.ensureKeys([tomorrow]);
  assert.ok(await isThere(tomorrow), "a key can still be made that was never there");
});

test("purges what a process left in the database's files that died after destroying a key", async () => {
  const vault = await yard.own.vault();
  await vault.ensureKeys(["person-left"]);
  const [row] = await yard.own
    .database()
    .query<{ wrapped: string }>("select wrapped from vault.keys where id = 'person-left'");
  const bytes = (JSON.parse(row?.wrapped ?? "") as Sealed).data;
  await vault.destroy(["person-left"]);
  assert.ok(filesWith(yard.parts.postgres.dir, bytes).length > 0);
  const { stop } = await yard.start("purges", startProjections);
  await until("nothing is left", () => filesWith(yard.parts.postgres.dir, bytes).length === 0);
  await stop();
});

const codec = createCodec(submissionEvents);

async function append(id: SubmissionId, event: SubmissionEvent): Promise<void> {
  const stored = codec.encode(event, { id: newUuid(), at: new Date().toISOString() });
  await yard.own.eventStore().append(submissionStream(id), "any", [stored]);
}

/** Received on a day long ago, as the newest event of the log says; nobody has identified it yet. */
async function receivedOn(day: string): Promise<SubmissionId> {
  const id = SubmissionId.parse(newUuid());
  const vault = await yard.own.vault();
  const sealed = await vault.seal(`intake-${day}`, {}, submissionContext(id));
  const about = { submission_id: id, kind: "lead", source: SourceId.parse("demo") } as const;
  const received = {
    ...about,
    received_at: `${day}T12:00:00.000Z`,
    fingerprint: "",
    key_fingerprint: "",
    sealed,
  };
  await append(id, { type: "SubmissionReceived", data: received });
  return id;
}

/** As it is by a log whose newest event is so many days newer. */
async function sweepIn(days: number): Promise<void> {
  const { own } = yard;
  const [database, eventStore, vault] = [own.database(), own.eventStore(), await own.vault()];
  const later = (event: StoredEvent | undefined): StoredEvent | undefined =>
    event && {
      ...event,
      position: event.position,
      created: new Date(event.created.getTime() + days * DAY_MS),
    };
  const parts: KeySweepParts = {
    vault,
    eventStore: { ...eventStore, newest: async () => later(await eventStore.newest()) },
    leads: createLeadQueries({ database, vault, eventStore }),
    log: own.log,
  };
  await sweepOnce(parts);
}

test("keeps the key of a day until each of its leads is identified, however long that takes", async () => {
  await yard.start("projections", startProjections);
  const [waits, none] = [dayFrom(-9), dayFrom(-10)];
  const id = await receivedOn(waits);
  const vault = await yard.own.vault();
  await vault.ensureKeys([`intake-${none}`]);
  await sweepIn(0);
  assert.is(await isThere(`intake-${none}`), false, "the sweep has been");
  assert.ok(await isThere(`intake-${waits}`));
  const person_id = PersonId.parse(newUuid());
  const sealed = await vault.seal(`person-${person_id}`, {}, submissionContext(id));
  await append(id, {
    type: "PersonIdentified",
    data: { submission_id: id, person_id, match: "new", sealed },
  });
  await sweepIn(0);
  assert.is(await isThere(`intake-${waits}`), false);
});

test("keeps what a dead letter is sealed under for as long as it can be fetched back", async () => {
  const day = dayFrom(-11);
  const id = await receivedOn(day);
  const dead = { submission_id: id, stage: "identify", attempts: 3, reason: "nobody answered" } as const;
  await append(id, { type: "SubmissionDeadLettered", data: dead });
  await sweepIn(6);
  assert.ok(await isThere(`intake-${day}`));
  await sweepIn(8);
  assert.is(await isThere(`intake-${day}`), false);
});

test("destroys the keys of what names nobody a year after their month", async () => {
  const vault = await yard.own.vault();
  const month = (back: number): string => {
    const now = new Date();
    return new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - back)).toISOString().slice(0, 7);
  };
  const [kept, gone] = [`nobody-${month(12)}`, `nobody-${month(13)}`];
  await vault.ensureKeys([kept, gone]);
  await sweepIn(0);
  assert.equal(await vault.existing([kept, gone]), [kept]);
});

test("has the store tell the time where nothing else happens", async () => {
  const vault = await yard.own.vault();
  const key = `intake-${dayFrom(-12)}`;
  await vault.ensureKeys([key]);
  const newest = await yard.own.eventStore().newest();
  await sweepIn(-20);
  assert.ok(await isThere(key), "the log's newest event was too old to say that its time is over");
  const told = await yard.own.eventStore().newest();
  assert.is(told?.stream, "log_time");
  assert.ok(told && newest && told.position > newest.position);
});

test("takes in what comes on a day whose key is gone, as when a clock was put back", async () => {
  const vault = await yard.own.vault();
  const seal = createIntakeSeal(vault);
  const before = await seal({ n: 1 }, "c");
  await vault.destroy([before.key]);
  const after = await seal({ n: 2 }, "c");
  assert.is.not(after.key, before.key);
  assert.equal(await vault.open(after, "c"), { n: 2 });
  await sweepIn(60);
  assert.is(await vault.open(after, "c"), undefined, "its second key is swept like the first");
});

test.run();
