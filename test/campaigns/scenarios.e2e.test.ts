// Three things that go wrong with jobs that call others, and what shows here why: slow throughput, duplicates, exhausted connections.
import { Client } from "pg";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type RunningYard, startYard } from "../e2e/yard.ts";
import { until } from "../harness/wait.ts";
import { type CampaignYard, campaignYard, people } from "./yard.ts";

const test = suite("scenarios");
let yard: RunningYard;
let campaigns: CampaignYard;
test.before(async () => {
  yard = await startYard("together");
  campaigns = campaignYard(yard);
});
test.after(() => yard?.stop());

const sendTo = (partner: string) => ({ id: "send", type: "send", partner });

async function begin(name: string, members: number, settings: object): Promise<void> {
  await campaigns.define(name, { name, steps: [sendTo(name)], ...settings });
  await campaigns.add(name, people(name, members));
  await campaigns.tell(name, "start");
}

const limitOf = async (name: string) => (await campaigns.view(name)).pace?.limited_by;

test("slow throughput: a campaign says which limit binds, and goes faster when that is raised", async () => {
  const slots = await campaigns.provider("slots", { limits: { concurrency: 100 } });
  await slots.behave({ behaviour: "slow", delay_ms: 400 });
  await begin("slots", 60, { concurrency: 2 });
  await until("its slots bind", async () => (await limitOf("slots")) === "concurrency");
  const { max_in_flight } = await until("the provider has calls", async () => {
    const totals = await slots.totals();
    return totals.effects > 2 && totals;
  });
  assert.is(max_in_flight, 2);
  // With two slots and 400 ms for each call the rest would take more than ten seconds.
  const before = (await slots.totals()).effects;
  const raised = performance.now();
  await campaigns.define("slots", { name: "slots", steps: [sendTo("slots")], concurrency: 60 });
  await campaigns.becomes("slots", "done");
  const alone = ((60 - before) / 2) * 400;
  assert.ok(performance.now() - raised < alone / 2, `${performance.now() - raised} ms instead of ${alone}`);

  await campaigns.provider("rated");
  await begin("rated", 30, { concurrency: 100, rate: { per_second: 5 } });
  await until("its rate binds", async () => (await limitOf("rated")) === "rate");

  const busy = await campaigns.provider("busy", { limits: { concurrency: 1 } });
  await busy.behave({ behaviour: "slow", delay_ms: 1_500 });
  await begin("busy", 20, { concurrency: 100 });
  await until("its partner's limit binds", async () => (await limitOf("busy")) === "partner");
  assert.is((await busy.totals()).max_in_flight, 1);
  await campaigns.tell("busy", "pause");
  await until("it is known to be paused", async () => (await limitOf("busy")) === "paused");
});

test("duplicates: a provider whose answer was lost gets the same key again, and a repeated upload nobody new", async () => {
  const lossy = await campaigns.provider("lossy");
  await lossy.behave({ behaviour: "reset_after_processing", times: 1 });
  await campaigns.define("lossy", { name: "Lossy", concurrency: 20, steps: [sendTo("lossy")] });
  const members = people("lossy", 40);
  const added = await Promise.all([1, 2, 3].map(() => campaigns.add("lossy", members)));
  assert.is(
    added.reduce((sum, one) => sum + one.added, 0),
    40,
  );
  assert.is(
    added.reduce((sum, one) => sum + one.duplicates, 0),
    80,
  );
  await campaigns.tell("lossy", "start");
  const { counts } = await campaigns.becomes("lossy", "done");
  assert.is(counts.done, 40);
  const { requests, ids, effects, max } = await lossy.totals();
  assert.equal([requests, ids, effects, max], [80, 40, 40, 1]);
});

interface Held {
  readonly connections: number;
  readonly held: number;
}

/** Connections that somebody keeps from others: for long at work, or in a transaction that does nothing. */
async function heldConnections(): Promise<Held> {
  const client = new Client({ connectionString: yard.postgres.url });
  await client.connect();
  try {
    const { rows } = await client.query<Held>(
      `select count(*)::int as connections, count(*) filter (
          where state <> 'idle' and clock_timestamp() - state_change > interval '1 second'
        )::int as held
        from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()`,
    );
    return rows[0] ?? { connections: 0, held: 0 };
  } finally {
    await client.end();
  }
}

test("exhausted connections: a hundred calls that hang hold none, and the API answers meanwhile", async () => {
  const stuck = await campaigns.provider("stuck", { limits: { concurrency: 100 } });
  await stuck.behave({ behaviour: "slow", delay_ms: 4_000 });
  await begin("stuck", 100, { concurrency: 100 });
  await until("a hundred calls are under way", async () => (await stuck.totals()).in_flight === 100);
  const { connections, held } = await heldConnections();
  assert.ok(connections < 100, `${connections} connections`);
  assert.is(held, 0);
  const began = performance.now();
  const more = await campaigns.add("stuck", people("others", 500));
  await Promise.all(Array.from({ length: 20 }, () => campaigns.view("stuck")));
  assert.is(more.added, 500);
  assert.is((await stuck.totals()).in_flight, 100, "all are still under way");
  assert.ok(performance.now() - began < 4_000);
  const metrics = await (await fetch(`${yard.client.url}/metrics`)).text();
  assert.match(metrics, /^switchyard_database_connections\{state="waiting"\} 0$/m);
  await campaigns.tell("stuck", "cancel");
});

test.run();
