// A destroyed key leaves the embedded PostgreSQL's files, its write-ahead log included, with the rights that the application has.
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { connectDatabase } from "#platform/database.ts";
import { createLog } from "#platform/log.ts";
import { openVault, type Sealed } from "#platform/vault/vault.ts";
import { filesBelow } from "../../../test/harness/stored-bytes.ts";
import { temporaryDataFolder } from "../fixtures/launched.ts";
import { runPart } from "../fixtures/run-part.ts";
import { preparePostgres } from "./postgres.ts";

const test = suite("purging the embedded PostgreSQL");
const log = createLog({ level: "silent", name: "test", instance: "test" });
const dataDir = temporaryDataFolder();

const part = await preparePostgres(dataDir, process.env, () => undefined);
const stopPart = await runPart(part, dataDir);
const database = connectDatabase({ url: part.url, log });
const vault = await openVault({ database, masterKey: Buffer.alloc(32, 7), log });
test.after(async () => {
  await database.close();
  await stopPart();
});

async function destroyed(keys: readonly string[]): Promise<string[]> {
  await vault.ensureKeys(keys);
  const rows = await database.query<{ wrapped: string }>(
    "select wrapped from vault.keys where id = any($1)",
    [keys],
  );
  // Asked for again, as by other processes: each time a row gets another version.
  await (await openVault({ database, masterKey: Buffer.alloc(32, 7), log })).ensureKeys(keys);
  await vault.destroy(keys);
  return rows.map(({ wrapped }) => (JSON.parse(wrapped) as Sealed).data);
}

/** The folders that hold some of them. */
function foldersWith(keys: readonly string[]): string[] {
  const holding = filesBelow(join(dataDir, "postgres")).filter(({ content }) =>
    keys.some((bytes) => content.includes(bytes)),
  );
  return [...new Set(holding.map(({ path }) => path.split("/postgres/")[1]?.split("/")[0] ?? path))].sort();
}

test("leaves nothing of destroyed keys, neither in tables nor in the write-ahead log", async () => {
  const ids = Array.from({ length: 400 }, (_, n) => `person-${n}`);
  await vault.ensureKeys(ids.slice(0, 200));
  const keys = await destroyed(ids.slice(200));
  await database.execute("checkpoint");
  assert.equal(foldersWith(keys), ["base", "pg_wal"]);
  // So many segments of the write-ahead log that old ones would be used again.
  await database.execute("create table filling as select repeat('x', 900) from generate_series(1, 40000)");
  assert.equal(await vault.purge(), { keys: 200, waiting: 0, writeAheadLog: true });
  assert.equal(foldersWith(keys), []);
  assert.is((await vault.existing(ids)).length, 200);
});

test.run();
