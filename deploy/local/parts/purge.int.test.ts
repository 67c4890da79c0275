// A destroyed key leaves the embedded PostgreSQL's files, its write-ahead log included, with the rights that the application has.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { connectDatabase } from "#platform/database.ts";
import { createLog } from "#platform/log.ts";
import { openVault } from "#platform/vault/vault.ts";
import { filesWith } from "../../../test/harness/stored-bytes.ts";
import { temporaryDataFolder } from "../fixtures/launched.ts";
import { runPart } from "../fixtures/run-part.ts";
import { preparePostgres } from "./postgres.ts";

const test = suite("purging the embedded PostgreSQL");
const log = createLog({ level: "silent", name: "test", instance: "test" });
const dataDir = temporaryDataFolder();
const folder = join(dataDir, "postgres");

async function start() {
  const part = await preparePostgres(dataDir, process.env, () => undefined);
  const stopPart = await runPart(part, dataDir);
  const database = connectDatabase({ url: part.url, log });
  const vault = await openVault({ database, masterKey: Buffer.alloc(32, 7), log });
  const stop = async (): Promise<void> => {
    await database.close();
    await stopPart();
  };
  return { database, vault, stop };
}

let running = await start();
test.after(() => running.stop());

async function destroyed(key: string): Promise<string> {
  const { database, vault } = running;
  await vault.ensureKeys([key]);
  const [row] = await database.query<{ wrapped: string }>("select wrapped from vault.keys where id = $1", [
    key,
  ]);
  // Asked for again, in other processes: each time the row gets another version.
  await vault.ensureKeys([key]);
  await vault.destroy([key]);
  return (JSON.parse(row?.wrapped ?? "") as { data: string }).data;
}

test("leaves nothing of a destroyed key, neither in tables nor in the write-ahead log", async () => {
  // More than one segment of the log, so that old ones would be used again.
  await running.database.execute(
    "create table filling as select repeat('x', 900) from generate_series(1, 40000)",
  );
  const bytes = await destroyed("person-1");
  await running.database.execute("checkpoint");
  const before = filesWith(folder, bytes);
  assert.ok(
    before.some((file) => file.includes("/pg_wal/")) && before.some((file) => file.includes("/base/")),
  );
  assert.equal(await running.vault.purge(), { keys: 1, waiting: 0, writeAheadLog: true });
  assert.equal(filesWith(folder, bytes), []);
});

test("may do so in a data folder of an earlier version too", async () => {
  await running.database
    .execute("revoke execute on function pg_switch_wal() from application")
    .catch(() => undefined);
  await running.stop();
  // As a version without these rights wrote it.
  writeFileSync(join(folder, "pg_hba.conf"), "host switchyard application 127.0.0.1/32 scram-sha-256\n");
  running = await start();
  const bytes = await destroyed("person-2");
  assert.is((await running.vault.purge()).writeAheadLog, true);
  assert.equal(filesWith(folder, bytes), []);
});

test.run();
