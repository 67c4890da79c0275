// Many dead letters are moved by a process that is killed in the middle: each goes back once, and its partner sees one effect.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { PartnerEvent } from "#domain/partner/events.ts";
import { type DeadLetterYard, startDeadLetterYard } from "../../test/dead-letters/yard.ts";
import { type NodeProcess, startNode } from "../../test/harness/process.ts";
import { until } from "../../test/harness/wait.ts";
import { yardEnvironment } from "../../test/harness/yard-environment.ts";

const test = suite("many dead letters");
const MAIN = new URL("../main.ts", import.meta.url).pathname;
const COUNT = 500;
let yard: DeadLetterYard;
const processes: NodeProcess[] = [];

/** Everything but the gateway. */
async function startWorker(name: string): Promise<NodeProcess> {
  const { leadPartitions } = yard.config;
  const worker = await startNode(MAIN, {
    ROLES: "relay,leads,identity,partners,projections,timers",
    INSTANCE: name,
    ...yardEnvironment(yard.config),
    LEAD_PARTITIONS: `${leadPartitions}`,
    LOG_LEVEL: "info",
  });
  processes.push(worker);
  return worker;
}

test.before(async () => {
  yard = await startDeadLetterYard();
});
test.after(async () => {
  await Promise.all(processes.map((one) => one.kill()));
  await yard?.stop();
});

test("go back once each, although whoever moves and delivers them is killed in the middle", async () => {
  const worker = await startWorker("first");
  const edu = await yard.configure("edu", { enabled: false });
  const routed = [];
  for (let n = 0; n < COUNT; n += 1) routed.push(await yard.route(edu, { n }));
  // What its owner writes when the tries are over.
  const died = routed.map(
    (about): PartnerEvent => ({
      type: "DeliveryDeadLettered",
      data: { ...about, attempts: 0, reason: "http_503", cause: "retries_exhausted" },
    }),
  );
  await yard.says(edu, ...died);
  await yard.lies("edu", COUNT);
  await yard.configure("edu");

  const dry = await yard.api("POST", "/api/dlq/redrive", { partner: "edu", dry_run: true });
  const moved = await yard.api("POST", "/api/dlq/redrive", { partner: "edu" });
  assert.equal([dry.body, moved.body], [{ count: COUNT }, { count: COUNT }]);
  const left = async (): Promise<number> => {
    const database = yard.own.database();
    const [row] = await database.query<{ count: bigint }>("select count(*) from dead_letters.letter");
    return Number(row?.count);
  };
  await until("some are moved", async () => (await left()) < COUNT - 100);
  worker.signal("SIGKILL");
  const atKill = await left();
  assert.ok(atKill > 0, "and some are not");
  await worker.exited;
  await startWorker("second");

  await until("all are moved", async () => (await left()) === 0, 60_000);
  await until(
    "all are delivered",
    async () => {
      const { delivered } = (await yard.api("GET", "/api/partners/edu")).body;
      if (delivered !== COUNT) throw new Error(`${delivered} are`);
      return true;
    },
    90_000,
  );
  const { ids, effects, max } = await yard.effects("edu");
  assert.equal({ ids, effects, max }, { ids: COUNT, effects: COUNT, max: 1 });
  for (const { submission_id } of routed) {
    const history = await yard.history(submission_id);
    const types = history.map(({ type }) => type);
    assert.is(types.filter((type) => type === "SubmissionRedriven").length, 1, types.join());
    assert.is(types.filter((type) => type === "SubmissionRouted").length, 2, types.join());
  }
  const again = await yard.api("POST", "/api/dlq/redrive", { partner: "edu" });
  assert.equal(again.body, { count: 0 });
});

test("are the same, with what was chosen of them, in a model that is built anew", async () => {
  const fin = await yard.configure("fin", { enabled: false });
  const routed = [];
  for (let n = 0; n < 12; n += 1) routed.push(await yard.route(fin, { n }));
  const cause = (n: number) => (n % 3 === 0 ? "outcome_unknown" : "retries_exhausted");
  await yard.says(
    fin,
    ...routed.map(
      (about, n): PartnerEvent => ({
        type: "DeliveryDeadLettered",
        data: { ...about, attempts: 1, reason: "x", cause: cause(n) },
      }),
    ),
  );
  await yard.lies("fin", 12);
  const ids = routed.slice(0, 6).map(({ submission_id }) => submission_id);
  const discarded = await yard.api("POST", "/api/dlq/discard", { ids, reason: "half of them" });
  assert.equal(discarded.body, { count: 6 });
  assert.equal((await yard.api("POST", "/api/dlq/redrive", { partner: "fin" })).body, { count: 4 });
  await yard.lies("fin", 2);

  const { before, after } = await yard.rebuilt();
  assert.equal(after, before);
});

test.run();
