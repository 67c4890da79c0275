import { suite } from "uvu";
import * as assert from "uvu/assert";
import { PartnerId } from "#domain/ids.ts";
import { watchMachine } from "../../test/harness/machine-stall.ts";
import { until } from "../../test/harness/wait.ts";
import { type Course, startTraffic } from "../../test/leads/traffic.ts";
import { type Worker, type Workers, workersOf } from "../../test/leads/workers.ts";
import { startTestYard, type TestYard } from "../../test/leads/yard.ts";
import { startRelay } from "../relay/app.ts";
import { loadIndex } from "./load-index.ts";
import { createSnapshots } from "./snapshots.ts";

// 200 submissions of one person come at once, to four processes that each have a quarter of the partitions.

const test = suite("one person through four processes");
const AT_ONCE = 200;
const PROCESSES = 4;
const PARTITIONS = 8;
const LEASE_AND_BEYOND_MS = 6_000;
const SPELLINGS = [
  { email: "one@example.com", phone: "+15550001", full_name: "One Person" },
  { email: "ONE@example.com", phone: "+15550001", full_name: "Other Name" },
  { email: "one@example.com", full_name: "one  person" },
  { email: "else@example.com", phone: "+15550001", full_name: "One Person" },
];
const about = (n: number) => SPELLINGS[n % SPELLINGS.length] ?? {};
let yard: TestYard;
let workers: Workers;
let four: readonly Worker[];

test.before.each(async () => {
  yard = await startTestYard({ leadPartitions: PARTITIONS });
  workers = workersOf(yard);
  await yard.partner("edu");
  await yard.rule({ to: PartnerId.parse("edu") });
  await yard.start("relay", startRelay);
  four = await Promise.all(Array.from({ length: PROCESSES }, (_, n) => workers.start(`process-${n}`)));
  await workers.share(...four);
  await until("one of them has the identity lease", () => workers.identityOwner());
});
test.after.each(async () => {
  await workers.killAll();
  await yard.stop();
});

/** As the identity stream says now: whoever came before the record that links them was answered with one who was merged since. */
async function peopleIn(courses: readonly Course[]): Promise<number> {
  const { own } = yard;
  const snapshots = await createSnapshots(own.database(), own.log);
  const { state: people } = await loadIndex({
    eventStore: own.eventStore(),
    vault: await own.vault(),
    snapshots,
    log: own.log,
  });
  const named = new Set(courses.map(({ person }) => person));
  return new Set(Array.from(named, (id) => people.personOf(people.find(id) as number))).size;
}

async function identifiedBy({ url }: Worker): Promise<number> {
  const metrics = await (await fetch(`${url}/metrics`)).text();
  return Number(/switchyard_stage_seconds_count\{stage="identify"\} (\d+)/.exec(metrics)?.[1] ?? 0);
}

test("is one person", async () => {
  const traffic = startTraffic(yard, { about });
  await traffic.burst(AT_ONCE);
  const courses = await traffic.end();
  assert.is(await peopleIn(courses), 1);

  const owners = await workers.partitionOwners();
  for (const { name } of four) assert.is(owners.filter((owner) => owner === name).length, 2, name);
  const shares = await Promise.all(four.map(identifiedBy));
  console.log(`each of the four identified ${shares.join(", ")} of ${courses.length}`);
  assert.ok(shares.every((share) => share > 0));
  assert.is(
    shares.reduce((sum, one) => sum + one),
    AT_ONCE,
  );
});

test("is one person, though the one who says so is killed in the middle", async () => {
  const owner = await workers.identityOwner();
  const writer = four.find(({ name }) => name === owner);
  assert.ok(writer);
  const traffic = startTraffic(yard, { about });
  let sent = 0;
  const left = await until("it is caught in the middle", async () => {
    const before = traffic.routed();
    const accepted = traffic.burst(AT_ONCE);
    sent += AT_ONCE;
    await until("the first are routed", () => traffic.routed() > before);
    writer.signal("SIGSTOP");
    await accepted;
    const open = sent - traffic.routed();
    if (open > AT_ONCE / 10) return open;
    writer.signal("SIGCONT");
  });
  const machine = watchMachine();
  await writer.kill();
  const courses = await traffic.end();
  assert.is(courses.length, sent);
  assert.is(await peopleIn(courses), 1);
  assert.is.not(await workers.identityOwner(), owner);
  const longest = courses.at(-1)?.waitedMs ?? 0;
  console.log(`killed with ${left} of ${sent} open; the longest waited ${longest} ms`);
  assert.ok(longest <= LEASE_AND_BEYOND_MS + machine.total(), `${longest} ms`);
  await machine.stop();
});

test.run();
