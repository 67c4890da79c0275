import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { startPostgres } from "../../test/harness/postgres.ts";
import { filesBelow } from "../../test/harness/stored-bytes.ts";
import { connectDatabase, type Database } from "../database.ts";
import { createLog } from "../log.ts";
import { purgeDestroyed } from "./purge.ts";
import type { Sealed } from "./seal.ts";
import { KeyDestroyed, openVault } from "./vault.ts";

const test = suite("purging destroyed keys");
const log = createLog({ level: "silent", name: "test", instance: "test" });
const postgres = await startPostgres();
const database = connectDatabase({ url: postgres.url, log });
const masterKey = randomBytes(32);
const vault = await openVault({ database, masterKey, log });
test.after(async () => {
  await database.close();
  await postgres.stop();
});

/** The key's own bytes, as they are stored. */
async function bytesOf(key: string): Promise<string> {
  const [row] = await database.query<{ wrapped: string }>("select wrapped from vault.keys where id = $1", [
    key,
  ]);
  return (JSON.parse(row?.wrapped ?? "") as Sealed).data;
}

/** In the tables alone: this server's settings keep old segments of the write-ahead log. */
async function stillInTables(keys: readonly string[]): Promise<string[]> {
  await database.execute("checkpoint");
  const files = filesBelow(join(postgres.dir, "data", "base"));
  return keys.filter((bytes) => files.some((file) => file.content.includes(bytes)));
}

test("leaves nothing of them in the tables, and all others as they were", async () => {
  const ids = Array.from({ length: 400 }, (_, n) => `person/${n + 100}`);
  await vault.ensureKeys(ids);
  const sealed = await vault.seal("person/107", { n: 7 }, "c");
  const kept = await bytesOf("person/107");
  const destroyed = ids.slice(200);
  const gone = await Promise.all(destroyed.map(bytesOf));
  await vault.destroy([...destroyed, "person/never-was"]);
  await database.execute("vacuum vault.keys");
  assert.ok((await stillInTables(gone)).length > 0, "a vacuum leaves some");
  assert.equal(await vault.purge(), { keys: 200, waiting: 0, writeAheadLog: true });
  assert.equal(await stillInTables(gone), []);
  assert.equal(await stillInTables([kept]), [kept]);
  assert.equal(await vault.open(sealed, "c"), { n: 7 });
  assert.equal((await vault.existing(ids)).length, 200);
  assert.equal(await vault.purge(), { keys: 0, waiting: 0, writeAheadLog: true });
});

test("waits for a transaction that could still read them", async () => {
  await vault.ensureKeys(["waits"]);
  const bytes = await bytesOf("waits");
  await database.transaction(async (within) => {
    await within.execute("set transaction isolation level repeatable read");
    await within.query("select 1 from vault.wrapping");
    await vault.destroy(["waits"]);
    assert.equal(await vault.purge(), { keys: 0, waiting: 1, writeAheadLog: true });
  });
  assert.equal(await stillInTables([bytes]), [bytes]);
  assert.is((await vault.purge()).keys, 1);
  assert.equal(await stillInTables([bytes]), []);
});

test("purges again what a purge that was cut short had not finished", async () => {
  await vault.ensureKeys(["cut-short"]);
  const bytes = await bytesOf("cut-short");
  await vault.destroy(["cut-short"]);
  const dies = {
    ...database,
    execute: (...[sql, ...rest]: Parameters<Database["execute"]>) =>
      sql === "checkpoint" ? Promise.reject(new Error("it died")) : database.execute(sql, ...rest),
  };
  assert.instance(await purgeDestroyed(dies).catch((error: unknown) => error), Error);
  assert.is((await vault.purge()).keys, 1);
  assert.equal(await stillInTables([bytes]), []);
});

test("gives up, and lets others read, where a backup holds the table", async () => {
  await vault.ensureKeys(["dumped", "read"]);
  await vault.destroy(["dumped"]);
  await database.transaction(async (backup) => {
    await backup.execute("lock table vault.keys in access share mode");
    const purging = vault.purge().catch((error: unknown) => error);
    assert.equal(await vault.existing(["read"]), ["read"]);
    assert.match(String(await purging), /lock timeout/);
    assert.equal(await vault.existing(["read"]), ["read"]);
  });
  assert.is((await vault.purge()).keys, 1);
});

test("keeps keys readable for everybody while it works", async () => {
  const keys = Array.from({ length: 100 }, (_, n) => `busy/${n}`);
  await vault.ensureKeys([...keys, "busy/gone"]);
  await vault.destroy(["busy/gone"]);
  let isPurging = true;
  const purging = vault.purge().finally(() => {
    isPurging = false;
  });
  do {
    assert.is((await vault.existing(keys)).length, 100);
    await database.query("insert into vault.keys (id, wrapped, master) values ($1, '', '')", [
      randomBytes(8).toString("hex"),
    ]);
  } while (isPurging);
  assert.is((await purging).keys, 1);
});

/** The table as earlier releases made it. */
const EARLIER = [
  `create schema vault; create table vault.keys (id text primary key, wrapped text, master text not null,
     created_at timestamptz not null default now(), destroyed_at timestamptz,
     check ((wrapped is null) = (destroyed_at is not null)))`,
  "create table vault.wrapping (one boolean primary key default true check (one), master text not null)",
];

test("takes over the keys of an earlier release, and purges what was destroyed then", async () => {
  const url = await postgres.createDatabase("earlier");
  const earlier = connectDatabase({ url, log });
  await earlier.migrate("vault", EARLIER);
  const sealed = await vault.seal("earlier/1", { n: 1 }, "c");
  const rows = await database.query<{ id: string; wrapped: string; master: string }>(
    "select id, wrapped, master from vault.keys where wrapped is not null and master <> ''",
  );
  const columns = (["id", "wrapped", "master"] as const).map((name) => rows.map((row) => row[name]));
  await earlier.execute(
    "insert into vault.keys (id, wrapped, master) select * from unnest($1::text[], $2::text[], $3::text[])",
    columns,
  );
  await earlier.execute("insert into vault.wrapping (master) values ($1)", [rows[0]?.master]);
  await earlier.execute(
    "insert into vault.keys (id, master, destroyed_at) values ('earlier/gone', '', now())",
  );
  const opened = await openVault({ database: earlier, masterKey, log });
  assert.equal(await opened.open(sealed, "c"), { n: 1 });
  assert.is((await opened.existing(rows.map(({ id }) => id))).length, rows.length);
  assert.is((await opened.purge()).keys, 1);
  const again = opened.seal("earlier/gone", {}, "c").catch((error: unknown) => error);
  assert.instance(await again, KeyDestroyed);
  await earlier.close();
});

test.run();
