// A yard of the previous release is replaced by this one, process by process, while submissions come in: none is lost, none is delivered
// twice, and the read models are what a replay makes of the log.
import { randomUUID } from "node:crypto";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { connectEventStore } from "#platform/event-store/event-store.ts";
import { freePort } from "#platform/free-port.ts";
import { createLog } from "#platform/log.ts";
import { newSecret } from "#platform/webhooks.ts";
import { createClient } from "../e2e/client.ts";
import { configureDemo, effectsAt } from "../e2e/demo-partners.ts";
import { startEventStore, temporaryFolder } from "../eventstore/server.ts";
import { startNats } from "../harness/nats.ts";
import { startPostgres } from "../harness/postgres.ts";
import { type NodeProcess, startNode } from "../harness/process.ts";
import { differences, replayed, rowsAt } from "../harness/read-models.ts";
import { until } from "../harness/wait.ts";
import { checkedOut, previousRelease } from "./previous.ts";

const test = suite("an upgrade");
const log = createLog({ level: "silent", name: "test", instance: "test" });
const ROOT = new URL("../../", import.meta.url).pathname;
/** In the order in which they are replaced: who reads before who writes, since what is newer must be read by somebody. */
const ROLES = ["projections", "timers", "partners", "leads", "identity", "relay", "compiler"] as const;
/** Submissions between two replacements; more with UPGRADE_LEADS. */
const LEADS = Number(process.env.UPGRADE_LEADS ?? 15);
const masterKey = Buffer.alloc(32, 7);
const stops: (() => Promise<unknown>)[] = [];

test.after(async () => {
  for (const stop of stops.reverse()) await stop();
});

const release = previousRelease();
const previous = checkedOut(release);

if (previous === undefined) {
  console.log(
    `note: this clone does not have ${release}: git fetch --unshallow, or PREVIOUS=<tag or commit>`,
  );
  test("can't be tried in this clone", () => undefined);
} else test("loses and doubles nothing, whichever role is replaced", () => upgrade(previous));

async function upgrade(before: string): Promise<void> {
  const [nats, postgres] = await Promise.all([startNats(), startPostgres()]);
  stops.push(
    () => nats.stop(),
    () => postgres.stop(),
  );
  const dir = temporaryFolder();
  let store = await startEventStore({ dir, main: `${before}/services/eventstore/main.ts` });
  stops.push(() => store.stop());
  const [port, simulatorPort] = [await freePort(), await freePort()];
  const secret = newSecret();
  const env = {
    DATA_DIR: temporaryFolder("yard-"),
    NATS_URL: nats.url,
    EVENTSTORE_URL: `esdb://127.0.0.1:${store.port}?tls=false`,
    DATABASE_URL: postgres.url,
    ADMIN_TOKEN: "token-of-the-tests",
    MASTER_KEY: masterKey.toString("base64"),
    SOURCES: `demo:${secret}`,
    ALLOW_PRIVATE_PARTNERS: "true",
    SIMULATOR_PORT: `${simulatorPort}`,
  };
  const simulatorUrl = `http://127.0.0.1:${simulatorPort}`;
  const running = new Map<string, NodeProcess>();
  async function start(role: string, root: string): Promise<NodeProcess> {
    const own = {
      PORT: role === "gateway" ? `${port}` : "0",
      INSTANCE: `${role}-${root === ROOT ? "new" : "old"}`,
    };
    const started = await startNode(`${root}/services/${role}/main.ts`, { ...env, ...own });
    running.set(role, started);
    return started;
  }
  stops.push(() => Promise.all([...running.values()].map((one) => one.stop())));
  await start("simulator", ROOT);
  await Promise.all([...ROLES, "gateway"].map((role) => start(role, before)));

  const client = createClient({
    url: `http://127.0.0.1:${port}`,
    token: env.ADMIN_TOKEN,
    source: "demo",
    secret,
  });
  await configureDemo(client, simulatorUrl);
  const taken: string[] = [];
  const submit = async (): Promise<void> => {
    // Some are the same person's, so that identity has something to remember.
    const email = `p${taken.length % 40}@example.com`;
    const body = { email, full_name: `Ada ${taken.length % 40}`, interest: "Education", order: randomUUID() };
    taken.push(await client.submitUntilAccepted(body));
  };
  let submitting = true;
  const traffic = (async () => {
    while (submitting) await Promise.all([submit(), submit(), submit()]);
  })();
  const someMore = async (): Promise<void> => {
    const wanted = taken.length + LEADS;
    await until("more are taken in", () => taken.length >= wanted, 60_000);
  };
  try {
    await someMore();
    for (const role of ROLES) {
      const old = running.get(role);
      // Both at once for a moment, as a rolling upgrade does it.
      await start(role, ROOT);
      await old?.stop();
      await someMore();
    }
    await store.stop();
    store = await startEventStore({ dir, port: store.port });
    await someMore();
    await running.get("gateway")?.stop();
    await start("gateway", ROOT);
    await someMore();
  } finally {
    submitting = false;
  }
  await traffic;

  const ids = new Set(taken);
  assert.is(ids.size, taken.length);
  for (const id of ids) assert.is((await client.ended(id, 60_000)).status, "delivered", id);
  const { effects, max } = await effectsAt(simulatorUrl, "edu");
  assert.equal({ effects, max }, { effects: taken.length, max: 1 });

  const eventStore = connectEventStore({ url: env.EVENTSTORE_URL, log });
  const head = await eventStore.head();
  await eventStore.close();
  const found = await until(
    "the read models have come so far",
    () => rowsAt(postgres.url, head, log),
    60_000,
  );
  const wanted = await replayed({
    eventStoreUrl: env.EVENTSTORE_URL,
    databaseUrl: postgres.url,
    masterKey,
    into: await postgres.createDatabase("replayed"),
    head,
    log,
  });
  assert.is(wanted["leads.lead_state"]?.length, taken.length);
  assert.equal(differences(found, wanted), []);
}

test.run();
