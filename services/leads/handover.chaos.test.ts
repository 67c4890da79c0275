import { suite } from "uvu";
import * as assert from "uvu/assert";
import { PartnerId, type SubmissionId } from "#domain/ids.ts";
import { type NodeProcess, startNode } from "../../test/harness/process.ts";
import { until } from "../../test/harness/wait.ts";
import { startTestYard, type TestYard } from "../../test/leads/yard.ts";
import { startRelay } from "../relay/app.ts";

// Partitions and the identity writer change hands under load: no submission waits much longer than the lease, and none is
// settled twice.

const test = suite("hand-over");
const MAIN = new URL("../main.ts", import.meta.url).pathname;
const LEASE_MS = 4_000;
/** Two seconds, and two for a machine that has other things to do. */
const BEYOND_MS = 4_000;
let yard: TestYard;
let workers: NodeProcess[] = [];

const startWorker = async (name: string): Promise<NodeProcess> => {
  const { config } = yard;
  const worker = await startNode(MAIN, {
    ROLES: "leads,identity",
    INSTANCE: name,
    PORT: "0",
    NATS_URL: config.natsUrl,
    EVENTSTORE_URL: config.eventstoreUrl,
    DATABASE_URL: config.databaseUrl,
    MASTER_KEY: config.masterKey.toString("base64"),
    ADMIN_TOKEN: "token-of-the-tests",
    LEAD_PARTITIONS: `${config.leadPartitions}`,
    DATA_DIR: "/tmp",
    LOG_LEVEL: process.env.TEST_LOG ?? "silent",
  });
  workers.push(worker);
  return worker;
};

test.before.each(async () => {
  yard = await startTestYard({ leadPartitions: 8 });
  await yard.partner("edu");
  await yard.rule({ to: PartnerId.parse("edu") });
  await yard.start("relay", startRelay);
});
test.after.each(async () => {
  await Promise.all(workers.map((one) => one.kill()));
  workers = [];
  await yard.stop();
});

interface Load {
  stop(): Promise<readonly SubmissionId[]>;
}

/** A submission every 25 ms, each of a person of its own. */
function load(): Load {
  const received: Promise<SubmissionId>[] = [];
  const timer = setInterval(() => {
    const n = received.length;
    received.push(yard.receive({ email: `p${n}@example.com`, phone: `+1555${n}` }));
  }, 25);
  return {
    async stop() {
      clearInterval(timer);
      return Promise.all(received);
    },
  };
}

/** How long each waited from its arrival until it was routed, at the longest. */
async function longestWait(ids: readonly SubmissionId[]): Promise<number> {
  let longest = 0;
  for (const id of ids) {
    const [received, identified, routed, ...more] = await yard.reaches(id, "SubmissionRouted");
    assert.is(identified?.type, "PersonIdentified");
    assert.equal(more, [], "settled once");
    if (received === undefined || routed === undefined) continue;
    longest = Math.max(longest, routed.created.getTime() - received.created.getTime());
  }
  return longest;
}

const settledCount = async (ids: readonly SubmissionId[]): Promise<number> => {
  const histories = await Promise.all(ids.map((id) => yard.history(id)));
  return histories.filter((history) => history.length > 1).length;
};

test("goes on within the lease and two seconds when a process is killed", async () => {
  const victim = await startWorker("victim");
  await startWorker("survivor");
  const under = load();
  await pass(1_500);
  await victim.kill();
  await pass(LEASE_MS + BEYOND_MS);
  const ids = await under.stop();
  const longest = await longestWait(ids);
  console.log(`killed: ${ids.length} submissions, longest wait ${longest} ms`);
  assert.ok(longest <= LEASE_MS + BEYOND_MS, `${longest} ms`);
});

test("does no harm when a process wakes up long after its lease", async () => {
  const sleeper = await startWorker("sleeper");
  await startWorker("survivor");
  const under = load();
  await pass(1_500);
  sleeper.signal("SIGSTOP");
  await pass(LEASE_MS + BEYOND_MS);
  sleeper.signal("SIGCONT");
  await pass(1_500);
  const ids = await under.stop();
  const longest = await longestWait(ids);
  console.log(`stopped: ${ids.length} submissions, longest wait ${longest} ms`);
  assert.ok(longest <= LEASE_MS + BEYOND_MS, `${longest} ms`);
});

test("shares the work anew when a process comes, and stalls nobody", async () => {
  await startWorker("first");
  const under = load();
  await pass(1_500);
  await startWorker("second");
  await pass(3_000);
  const ids = await under.stop();
  const longest = await longestWait(ids);
  console.log(`rebalanced: ${ids.length} submissions, longest wait ${longest} ms`);
  assert.ok(longest <= LEASE_MS + BEYOND_MS, `${longest} ms`);
  assert.is(await settledCount(ids), ids.length);
});

/** The load has to go on for a while: here time itself is the condition. */
async function pass(ms: number): Promise<void> {
  const end = performance.now() + ms;
  await until("time has passed", () => performance.now() >= end, ms + 5_000);
}

test.run();
