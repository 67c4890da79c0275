import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Questions } from "#domain/identity/question.ts";
import { PersonId, SubmissionId } from "#domain/ids.ts";
import { personKey } from "#domain/seal-contexts.ts";
import { newUuid } from "#platform/ids.ts";
import { SealDamaged, type Sealed, type Vault } from "#platform/vault/vault.ts";
import { silent, startKillableStore } from "../../test/eventstore/killable-store.ts";
import { until } from "../../test/harness/wait.ts";
import { loadIndex } from "./load-index.ts";
import type { Snapshots } from "./snapshots.ts";
import { type IdentityWriter, NotAnswered, openIdentityWriter } from "./writer.ts";

const test = suite("identity writer");
const killable = await startKillableStore();
const ended = new AbortController();
test.after(async () => {
  ended.abort();
  await killable.stop();
});

const sealed = (key: string): Sealed => ({ key, iv: "", tag: "", data: "" });

/** A vault that opens everything, and destroys keys only when it is well. */
function vaultOf(isWell: () => boolean) {
  const destroyed: string[] = [];
  let tries = 0;
  const vault: Vault = {
    ensureKeys: async () => [],
    seal: async (key) => sealed(key),
    sealCached: (key) => sealed(key),
    sealMany: async (items) => items.map(({ key }) => sealed(key)),
    fetchKeys: async () => undefined,
    open: async () => undefined,
    openMany: async (items) => items.map(({ sealed: { key } }) => ({ [key]: {} })),
    openReadable: async () => [],
    existing: async () => [],
    async destroy(keys) {
      tries += 1;
      if (!isWell()) throw new Error("the database is away");
      destroyed.push(...keys);
    },
    toForget: async () => [],
    forgot: async () => undefined,
    purge: async () => ({ keys: 0, waiting: 0, writeAheadLog: true }),
    fingerprint: (_domain, value) => value,
    check: async () => undefined,
  };
  return { vault, destroyed, tries: () => tries };
}

interface Opened {
  readonly writer: IdentityWriter;
  /** The revisions of the snapshots that could be taken. */
  readonly snapshots: bigint[];
  readonly lease: { valid: boolean };
}

async function open(vault: Vault, stopping = ended.signal): Promise<Opened> {
  const taken: bigint[] = [];
  const snapshots: Snapshots = {
    load: async () => undefined,
    discardAfter: async () => undefined,
    consider: ({ revision }) => void taken.push(BigInt(revision)),
    written: async () => undefined,
  };
  const lease = { name: "writer", valid: true, lost: new AbortController().signal };
  const parts = { eventStore: killable.store, vault, snapshots, log: silent };
  const loaded = await loadIndex(parts);
  return {
    writer: openIdentityWriter({ ...parts, lease, loaded, stopping }),
    snapshots: taken,
    lease,
  };
}

/** One question about somebody new; the fake vault opens details by the name of their key. */
function aboutSomebody(): Questions {
  const submission_id = SubmissionId.parse(newUuid());
  const traits = { email: submission_id, phone: submission_id };
  return { about: [{ submission_id, traits }], details: [sealed(submission_id)] };
}

async function registered({ writer }: Opened): Promise<PersonId> {
  const [answer] = await writer.ask(aboutSomebody());
  assert.ok(answer && "person_id" in answer);
  return answer.person_id;
}

async function isNotAnswered(asked: Promise<unknown>): Promise<void> {
  const outcome = await asked.catch((error: unknown) => error);
  assert.instance(outcome, NotAnswered);
}

test("tells that a person is forgotten only when their keys are destroyed, and takes no snapshot before", async () => {
  let isWell = false;
  const { vault, destroyed, tries } = vaultOf(() => isWell);
  const opened = await open(vault);
  const person = await registered(opened);
  let isTold = false;
  const forgetting = opened.writer.forget(person, new Date()).finally(() => {
    isTold = true;
  });
  await until("it was tried again", () => tries() > 1);
  const before = opened.snapshots.length;
  await registered(opened);
  assert.is(opened.snapshots.length, before, "a snapshot would hide that there are keys to destroy");
  assert.is(isTold, false);
  isWell = true;
  const answer = await forgetting;
  assert.ok("persons" in answer);
  assert.equal(answer.persons, [person]);
  assert.equal(destroyed, [personKey(person)]);
  await registered(opened);
  assert.ok(opened.snapshots.length > before);
  assert.equal(await opened.writer.forget(person, new Date()), { refused: "forgotten" });
  await opened.writer.close();
});

test("leaves keys that it could not destroy to whoever loads the index next", async () => {
  let isWell = true;
  const ill = await open(vaultOf(() => isWell).vault, AbortSignal.timeout(300));
  const person = await registered(ill);
  isWell = false;
  await isNotAnswered(ill.writer.forget(person, new Date()));
  const before = ill.snapshots.length;
  await registered(ill);
  assert.is(ill.snapshots.length, before, "a snapshot would hide that there are keys to destroy");
  await ill.writer.close();
  const next = vaultOf(() => true);
  await (await open(next.vault)).writer.close();
  assert.ok(next.destroyed.includes(personKey(person)));
});

test("refuses a question whose details are damaged, and no other of the same request", async () => {
  const { vault } = vaultOf(() => true);
  const [good, bad] = [aboutSomebody(), aboutSomebody()];
  const damaged = bad.details[0]?.key;
  const { writer } = await open({
    ...vault,
    openMany: async (items) =>
      (await vault.openMany(items)).map((one, n) =>
        items[n]?.sealed.key === damaged ? new SealDamaged("damaged") : one,
      ),
  });
  const answers = await writer.ask({
    about: [...bad.about, ...good.about],
    details: [...bad.details, ...good.details],
  });
  assert.equal(answers[0], { refused: "its details can't be opened" });
  assert.ok(answers[1] && "person_id" in answers[1]);
  await writer.close();
});

test("answers nothing once it is not the writer any more, or when another one wrote", async () => {
  const one = await open(vaultOf(() => true).vault);
  const other = await open(vaultOf(() => true).vault);
  const person = await registered(one);
  const asked = aboutSomebody();
  await isNotAnswered(other.writer.ask(asked));
  const [answer] = await other.writer.ask(asked);
  assert.ok(answer && "person_id" in answer, "asked again it knows what the other one wrote");
  one.lease.valid = false;
  await isNotAnswered(one.writer.ask(asked));
  await isNotAnswered(one.writer.split(person));
  await isNotAnswered(one.writer.forget(person, new Date()));
  assert.equal(await other.writer.split(PersonId.parse(newUuid())), { refused: "unknown_person" });
  await Promise.all([one.writer.close(), other.writer.close()]);
});

test.run();
