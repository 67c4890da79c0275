import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { IDENTITY_STREAM, type Traits } from "#domain/identity/events.ts";
import type { People } from "#domain/identity/people.ts";
import type { Answer, Questions } from "#domain/identity/question.ts";
import { type PersonId, SubmissionId } from "#domain/ids.ts";
import { QUESTION_CONTEXT } from "#domain/seal-contexts.ts";
import { newUuid } from "#platform/ids.ts";
import type { Lease } from "#platform/leases.ts";
import { anyTraits, linked, singleIn } from "../../test/identity/oracle.ts";
import { startTestYard, type TestYard } from "../../test/leads/yard.ts";
import { type IdentityParts, loadIndex } from "./load-index.ts";
import { createSnapshots } from "./snapshots.ts";
import { type IdentityWriter, NotAnswered, openIdentityWriter } from "./writer.ts";

// Two writers on real parts, each sure that it is the one, asked by many at once: the people are those of the naive oracle,
// whatever came first and whoever answered.

const test = suite("identity under concurrency");
let yard: TestYard;
let parts: IdentityParts;
let writers: readonly [IdentityWriter, IdentityWriter];
const lease: Lease = {
  name: "writer",
  valid: true,
  lost: new AbortController().signal,
};

test.before(async () => {
  yard = await startTestYard();
  const { own } = yard;
  const snapshots = await createSnapshots(own.database(), own.log);
  parts = { eventStore: own.eventStore(), vault: await own.vault(), snapshots, log: own.log };
  await openWriters();
});
test.after(() => yard.stop());

/** Both know all that the log says. */
async function openWriters(): Promise<void> {
  writers = [await openOne(), await openOne()];
}

async function openOne(): Promise<IdentityWriter> {
  const loaded = await loadIndex(parts);
  return openIdentityWriter({ ...parts, lease, loaded, stopping: new AbortController().signal });
}

interface Recorded {
  readonly submission_id: SubmissionId;
  readonly traits: Traits;
}

interface Request {
  readonly size: number;
  /** Which of the writers gets it; both, as when the first answer took too long. */
  readonly to: readonly number[];
}

const anyRequest: fc.Arbitrary<Request> = fc.record({
  size: fc.integer({ min: 1, max: 6 }),
  to: fc.constantFrom([0], [1], [0, 1], [0, 0]),
});

async function ask(records: readonly Recorded[], writer: IdentityWriter): Promise<Answer[]> {
  const details = Object.fromEntries(
    records.map(({ submission_id }) => [submission_id, { full_name: "Somebody" }]),
  );
  const sealed = await parts.vault.seal("intake-test", details, QUESTION_CONTEXT);
  const questions: Questions = { about: [...records], details: [sealed] };
  return untilDone(() => writer.ask(questions));
}

/** Where the other writer was faster it is asked again, as whoever asks does. */
async function untilDone<T>(ask: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof NotAnswered)) throw error;
    }
  }
}

/** All at once. For each record the persons that the answers named. */
async function askAll(records: readonly Recorded[], requests: readonly Request[]): Promise<PersonId[][]> {
  const named = records.map((): PersonId[] => []);
  const asking: Promise<void>[] = [];
  let from = 0;
  for (let n = 0; from < records.length; n += 1) {
    const { size, to } = requests[n % requests.length] as Request;
    const [first, some] = [from, records.slice(from, from + size)];
    for (const writer of to) {
      const keep = (all: readonly Answer[]): void => {
        for (const [at, one] of all.entries()) named[first + at]?.push(personIn(one));
      };
      asking.push(ask(some, writers[writer] as IdentityWriter).then(keep));
    }
    from += size;
  }
  await Promise.all(asking);
  return named;
}

function personIn(answer: Answer): PersonId {
  if ("refused" in answer) throw new Error(answer.refused);
  return answer.person_id;
}

/** Compares with what the log says to whoever takes over now. */
async function isAsTheOracleSays(records: readonly Recorded[], named: readonly PersonId[][]): Promise<void> {
  const { state: people } = await loadIndex(parts);
  const todays = named.map((ids) => [
    ...new Set(ids.map((id) => people.personOf(people.find(id) as number))),
  ]);
  const isLinking = (n: number): boolean => singleIn((records[n] as Recorded).traits) === undefined;
  const linking = [...records.keys()].filter(isLinking);
  const today = linking.map((n) => {
    const persons = todays[n] as number[];
    assert.is(persons.length, 1, "all answers about a record lead to one person");
    return persons[0];
  });
  const groups = linked(linking.map((n) => (records[n] as Recorded).traits));
  for (const [a, mine] of groups.entries()) {
    for (const [b, theirs] of groups.entries()) {
      assert.is(today[a] === today[b], mine === theirs, `records ${linking[a]} and ${linking[b]}`);
    }
  }
  // Whom an e-mail or a phone alone belongs to hangs on the moment, but it is always somebody who has it.
  const holders = await holdersIn(people);
  for (const [n, { traits }] of records.entries()) {
    const field = singleIn(traits);
    if (field === undefined) continue;
    const having = holders.get(`${field} ${traits[field]}`);
    for (const person of todays[n] as number[]) assert.ok(having?.has(person), `record ${n}`);
  }
}

/** Who has each value, as the log says. */
async function holdersIn(people: People): Promise<Map<string, Set<number>>> {
  const holders = new Map<string, Set<number>>();
  for (const { type, data } of await parts.eventStore.readStream(IDENTITY_STREAM)) {
    if (type !== "PersonRegistered" && type !== "AliasRecorded") continue;
    const { person_id, traits } = data as { readonly person_id: PersonId; readonly traits: Traits };
    const person = people.personOf(people.find(person_id) as number);
    for (const [field, value] of Object.entries(traits)) {
      const key = `${field} ${value}`;
      holders.set(key, (holders.get(key) ?? new Set()).add(person));
    }
  }
  return holders;
}

let runs = 0;
/** Values that no other run has. */
function recordsOf(all: readonly Traits[]): Recorded[] {
  return all.map((traits) => ({
    submission_id: SubmissionId.parse(newUuid()),
    traits: Object.fromEntries(
      Object.entries(traits).map(([field, value]) => [field, `${value} of ${runs}`]),
    ),
  }));
}

test("finds the people that the oracle finds, also after one of them was forgotten", async () => {
  const traits = fc.array(anyTraits, { minLength: 1, maxLength: 30 });
  const requests = fc.array(anyRequest, { minLength: 1, maxLength: 8 });
  await fc.assert(
    fc.asyncProperty(traits, traits, requests, fc.nat(), async (before, after, how, whom) => {
      runs += 1;
      const first = recordsOf(before);
      const named = await askAll(first, how);
      await isAsTheOracleSays(first, named);

      // Only an event is checked against the log: who forgets must know everybody, and who is asked next must know of it.
      await openWriters();
      const [gone] = named[whom % named.length] as [PersonId];
      const forgotten = await writers[0].forget(gone, new Date());
      assert.ok("persons" in forgotten);
      await openWriters();
      const second = recordsOf(after);
      const namedAfter = await askAll(second, how);
      const isLeft = (n: number): boolean => !named[n]?.some((id) => forgotten.persons.includes(id));
      await isAsTheOracleSays(
        [...first.filter((_, n) => isLeft(n)), ...second],
        [...named.filter((_, n) => isLeft(n)), ...namedAfter],
      );
    }),
    { numRuns: 25 },
  );
  await nothingIsRecordedTwice();
});

async function nothingIsRecordedTwice(): Promise<void> {
  const stored = await parts.eventStore.readStream(IDENTITY_STREAM);
  const records = stored.filter(({ type }) => type === "PersonRegistered" || type === "AliasRecorded");
  const submissions = records.map(({ data }) => (data as Recorded).submission_id);
  assert.ok(submissions.length > runs);
  assert.is(new Set(submissions).size, submissions.length);
}

test("refuses those whose key is destroyed, and knows the others of the same request", async () => {
  const [lost, kept] = recordsOf([{ email: "lost" }, { email: "kept" }]) as [Recorded, Recorded];
  const detailsOf = ({ submission_id }: Recorded, key: string) =>
    parts.vault.seal(key, { [submission_id]: {} }, QUESTION_CONTEXT);
  const details = await Promise.all([detailsOf(lost, "intake-gone"), detailsOf(kept, "intake-test")]);
  await parts.vault.destroy(["intake-gone"]);
  const [refused, answered] = await untilDone(() => writers[0].ask({ about: [lost, kept], details }));
  assert.equal(refused, { refused: "its details can't be opened" });
  assert.ok(answered && "person_id" in answered);
});

test("refuses what was tampered with alone", async () => {
  const [bad, good] = recordsOf([{ email: "bad" }, { email: "good" }]) as [Recorded, Recorded];
  const sealed = await parts.vault.seal("intake-test", { [bad.submission_id]: {} }, "elsewhere");
  const [refused, answers] = await Promise.all([
    untilDone(() => writers[0].ask({ about: [bad], details: [sealed] })),
    ask([good], writers[0]),
  ]);
  assert.equal(refused, [{ refused: "its details can't be opened" }]);
  assert.ok(answers.every((one) => "person_id" in one));
});

test.run();
