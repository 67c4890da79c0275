// A yard on a PostgreSQL that somebody else runs, as a role that is no superuser, through PgBouncer in transaction mode.
import { randomUUID } from "node:crypto";
import pg from "pg";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { connectDatabase, type Database } from "#platform/database.ts";
import { freePort } from "#platform/free-port.ts";
import { createLog } from "#platform/log.ts";
import { openVault } from "#platform/vault/vault.ts";
import { newSecret } from "#platform/webhooks.ts";
import { createClient, type YardClient } from "../../test/e2e/client.ts";
import { configureDemo, effectsAt } from "../../test/e2e/demo-partners.ts";
import { startEventStore, temporaryFolder } from "../../test/eventstore/server.ts";
import { installedPostgres, startInstalledPostgres } from "../../test/harness/installed-postgres.ts";
import { startNats } from "../../test/harness/nats.ts";
import { startPostgres } from "../../test/harness/postgres.ts";
import { type NodeProcess, startNode } from "../../test/harness/process.ts";
import { until } from "../../test/harness/wait.ts";
import { startPgBouncer } from "../local/fixtures/pgbouncer.ts";

const test = suite("PostgreSQL of somebody else, through PgBouncer");
const log = createLog({ level: "silent", name: "test", instance: "test" });
const programs = installedPostgres();
if (programs === undefined)
  console.log("note: no PostgreSQL is installed (apt-get install postgresql), so the embedded one is used");
const postgres = programs === undefined ? await startPostgres() : await startInstalledPostgres(programs, []);
/** Fewer connections of the server's than the processes have, so that each is somebody else's all the time. */
const SERVER_CONNECTIONS = 6;
/** docs/running.md names it. */
const MAX_CONNECTIONS = 12;
const bouncer = await startPgBouncer(postgres.url, SERVER_CONNECTIONS);
const [nats, store] = await Promise.all([startNats(), startEventStore({ dir: temporaryFolder() })]);
const MAIN = new URL("../../services/main.ts", import.meta.url).pathname;
const masterKey = Buffer.alloc(32, 7);
const opened: Database[] = [];
const processes = new Map<string, NodeProcess>();
let client: YardClient;
let env: Record<string, string>;

test.after(async () => {
  await Promise.all([...processes.values()].map((one) => one.stop()));
  await Promise.all(opened.map((one) => one.close()));
  await bouncer.stop();
  await Promise.all([postgres.stop(), nats.stop(), store.stop()]);
});

const connected = (url = bouncer.url): Database => {
  const database = connectDatabase({ url, log });
  opened.push(database);
  return database;
};

async function start(instance: string, given: Readonly<Record<string, string>> = {}): Promise<void> {
  processes.set(instance, await startNode(MAIN, { ...env, PORT: "0", INSTANCE: instance, ...given }));
}

async function delivered(count: number): Promise<void> {
  const leads = Array.from({ length: count }, async () => {
    const email = `${randomUUID()}@example.com`;
    const id = await client.submitUntilAccepted({ email, interest: "Education" });
    const { status, payload } = await client.ended(id, 60_000);
    assert.equal([status, payload.email], ["delivered", email]);
  });
  await Promise.all(leads);
}

test("a pooler is noticed: nothing is prepared there, and nobody listens in vain", async () => {
  const database = connected();
  const prepared = { prepared: true };
  // Each goes to another connection, most of which have not parsed it.
  const many = Array.from({ length: 60 }, (_, n) =>
    database.transaction(async (within) => {
      await within.query("select pg_sleep(0.005)");
      return within.query<{ n: number }>("select $1::int as n", [n], prepared);
    }),
  );
  assert.equal(
    (await Promise.all(many)).map(([row]) => row?.n),
    [...Array(60).keys()],
  );
  await Promise.all(Array.from({ length: 60 }, () => database.query("select 2 as two", [], prepared)));

  const [one, other] = [
    await openVault({ database, masterKey, log }),
    await openVault({ database: connected(), masterKey, log }),
  ];
  const sealed = await one.seal("person-a", { name: "Ada" }, "here");
  assert.equal(await other.open(sealed, "here"), { name: "Ada" });
  await one.destroy(["person-a"]);
  await until(
    "the key is gone in the other process too",
    async () => (await other.open(sealed, "here")) === undefined,
  );
  await Promise.all(
    Array.from({ length: 8 }, () => connected().migrate("raced", ["create table raced (n int)"])),
  );
});

test("a yard delivers, and two processes share the work", async () => {
  const [port, simulator] = [await freePort(), await freePort()];
  const secret = newSecret();
  env = {
    DATA_DIR: temporaryFolder("yard-"),
    NATS_URL: nats.url,
    EVENTSTORE_URL: `esdb://127.0.0.1:${store.port}?tls=false`,
    DATABASE_URL: bouncer.url,
    ADMIN_TOKEN: "token-of-the-tests",
    MASTER_KEY: masterKey.toString("base64"),
    SOURCES: `demo:${secret}`,
    ALLOW_PRIVATE_PARTNERS: "true",
    SIMULATOR_PORT: `${simulator}`,
  };
  await start("first", { PORT: `${port}` });
  await start("second", { ROLES: "relay,leads,identity,partners,projections,timers" });
  client = createClient({
    url: `http://127.0.0.1:${port}`,
    token: "token-of-the-tests",
    source: "demo",
    secret,
  });
  await configureDemo(client, `http://127.0.0.1:${simulator}`);
  await delivered(40);
  const said = [...processes.values()].map((one) => one.log()).join("\n");
  assert.match(said, "notifications don't pass the connection pooler");
  assert.not.match(said, /prepared statement/);
});

test("it goes on when PgBouncer is started anew, and when the process that writes is killed", async () => {
  const during = delivered(30);
  await bouncer.restart();
  await during;
  await delivered(20);
  await processes.get("second")?.kill();
  await delivered(20);
  const rows = await connected().query<{ leads: number }>(
    "select count(*)::int as leads from leads.lead where status = 'delivered'",
  );
  assert.equal(rows, [{ leads: 110 }], "each is counted once");
  const { effects, max } = await effectsAt(`http://127.0.0.1:${env.SIMULATOR_PORT}`, "edu");
  assert.equal({ effects, max }, { effects: 110, max: 1 }, "each is delivered once");
});

test("a process has no more connections than the documents say", async () => {
  await processes.get("first")?.stop();
  processes.delete("first");
  await start("direct", { DATABASE_URL: postgres.url, PORT: new URL(client.url).port });
  const watcher = new pg.Client({ connectionString: postgres.url });
  await watcher.connect();
  const others = async (): Promise<number> => {
    const { rows } = await watcher.query<{ n: number }>(
      "select count(*)::int as n from pg_stat_activity where usename = current_user and pid <> pg_backend_pid()",
    );
    return rows[0]?.n ?? 0;
  };
  await Promise.all(opened.splice(0).map((one) => one.close()));
  await bouncer.stop();
  await until("PgBouncer's are gone", async () => (await others()) <= MAX_CONNECTIONS);
  let max = 0;
  let watching = true;
  const watched = (async () => {
    while (watching) max = Math.max(max, await others());
  })();
  await delivered(60).finally(() => {
    watching = false;
  });
  await watched;
  await watcher.end();
  assert.ok(max <= MAX_CONNECTIONS, `it had ${max}`);
  assert.ok(max >= 5, `only ${max}: nothing was measured`);
});

test.run();
