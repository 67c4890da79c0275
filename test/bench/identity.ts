// Who is who: the index alone with a million people, a takeover of it, and the whole stage from mailbox to stored route.
import { randomBytes } from "node:crypto";
import { type Identify, identify } from "#domain/identity/decide.ts";
import type { Traits } from "#domain/identity/events.ts";
import { createPeople, type People } from "#domain/identity/people.ts";
import { SubmissionId } from "#domain/ids.ts";
import { newUuid } from "#platform/ids.ts";
import { createSnapshots } from "../../services/identity/snapshots.ts";
import { startTestYard, type TestYard } from "../leads/yard.ts";
import { median, seconds } from "./eventstore/measure.ts";
import { type Round, round } from "./identity/stage.ts";

const A_MILLION = 1_000_000;
const QUESTIONS = 200_000;
const IDENTIFY_TARGET = 20_000;
const STAGE_TARGET = 2_500;
const ROUNDS = 3;

const hash = (): string => randomBytes(32).toString("base64url");
const somebody = (): Required<Traits> => ({ email: hash(), phone: hash(), name: hash() });

export async function run(): Promise<void> {
  const { people, sample } = aMillionPeople();
  askIndex(people, sample);
  const yard = await startTestYard();
  await takeOver(yard, people).finally(() => yard.stop());
  await wholeStage();
}

function tell(what: string, perSecond: number, target?: number): void {
  const measured = Math.round(perSecond).toLocaleString("en");
  const goal =
    target === undefined
      ? ""
      : ` (target ${target.toLocaleString("en")}: ${(perSecond / target).toFixed(1)} ×)`;
  console.log(`${what.padEnd(58)} ${measured.padStart(9)}/s${goal}`);
}

function aMillionPeople(): { people: People; sample: Required<Traits>[] } {
  const people = createPeople();
  const sample: Required<Traits>[] = [];
  const id = SubmissionId.parse(newUuid());
  global.gc?.();
  const before = process.memoryUsage();
  for (let n = 0; n < A_MILLION; n += 1) {
    const traits = somebody();
    if (n % 10 === 0) sample.push(traits);
    const question: Identify = { type: "identify", submission_id: id, record_id: newUuid(), traits };
    for (const event of identify(question, people).events) people.apply(event);
  }
  global.gc?.();
  const after = process.memoryUsage();
  // The sample is the bench's own: hashes as texts, which the index does not keep.
  const megabytes = (after.arrayBuffers - before.arrayBuffers) / 1e6;
  console.log(
    `${"memory of the index for a million people".padEnd(58)} ${megabytes.toFixed(0).padStart(9)} MB`,
  );
  return { people, sample };
}

/** Half of them known, a quarter an alias, a quarter new. */
function askIndex(people: People, sample: readonly Required<Traits>[]): void {
  const questions = Array.from({ length: QUESTIONS }, (_, n): Traits => {
    const known = sample[(n * 7_919) % sample.length] as Required<Traits>;
    if (n % 4 === 3) return somebody();
    return n % 4 === 2 ? { ...known, name: hash() } : known;
  });
  const submission_id = SubmissionId.parse(newUuid());
  const ids = questions.map(() => newUuid());
  const began = performance.now();
  for (const [n, traits] of questions.entries()) {
    const question: Identify = { type: "identify", submission_id, record_id: ids[n] as string, traits };
    for (const event of identify(question, people).events) people.apply(event);
  }
  tell("identify, a million people known", QUESTIONS / seconds(began), IDENTIFY_TARGET);
}

async function takeOver(yard: TestYard, people: People): Promise<void> {
  const database = yard.own.database();
  const snapshots = await createSnapshots(database, yard.own.log, 1);
  const writing = performance.now();
  snapshots.consider({ state: people, revision: 1_000_000n });
  await snapshots.written();
  console.log(
    `${"snapshot of a million people, written".padEnd(58)} ${seconds(writing).toFixed(2).padStart(9)} s`,
  );
  const reading = performance.now();
  const again = await (await createSnapshots(database, yard.own.log)).load();
  if (again?.state.count !== people.count) throw new Error("the snapshot is not whole");
  console.log(
    `${"snapshot of a million people, taken over".padEnd(58)} ${seconds(reading).toFixed(2).padStart(9)} s`,
  );
}

async function wholeStage(): Promise<void> {
  const rounds: Round[] = [];
  for (let n = 0; n < ROUNDS; n += 1) rounds.push(await round());
  const rates = rounds.map(({ perSecond }) => perSecond);
  tell("mailbox → identified and routed, stored; median", median(rates), STAGE_TARGET);
  for (const { perSecond, cpu } of rounds) {
    const spent = Object.entries(cpu).map(([name, ms]) => `${name} ${ms.toFixed(2)}`);
    tell("  a round", perSecond);
    console.log(`    CPU s for a thousand: ${spent.join(", ")}`);
  }
}
