import { randomBytes } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { readConfig } from "#platform/config.ts";
import { connectDatabase, type Database } from "#platform/database.ts";
import { keptMasterKey, keptMasterKeys, masterKeyFile } from "#platform/kept-master-key.ts";
import { createLog } from "#platform/log.ts";
import { createMasterKeys } from "#platform/vault/master-key.ts";
import { surveyKeys } from "#platform/vault/rewrap.ts";
import { openVault } from "#platform/vault/vault.ts";
import { startPostgres } from "../../test/harness/postgres.ts";
import { masterKey, startMasterKey } from "./fixtures/master-key-command.ts";
import { rotate } from "./master-key/rotate.ts";

const test = suite("npm run master-key");
const log = createLog({ level: "silent", name: "test", instance: "test" });
const postgres = await startPostgres();
const [old, next] = [randomBytes(32), randomBytes(32)];
const idOf = (master: Buffer): string => createMasterKeys({ current: master }).currentId;
const inBase64 = (master: Buffer): string => master.toString("base64");
const people = (count: number): string[] => Array.from({ length: count }, (_, n) => `person-${n}`);

let database: Database;
let databaseUrl = "";
let dataDir = "";
let databases = 0;

test.before.each(async () => {
  databases += 1;
  databaseUrl = await postgres.createDatabase(`keys_${databases}`);
  database = connectDatabase({ url: databaseUrl, log });
  dataDir = mkdtempSync(join(tmpdir(), "master-key-"));
});
test.after.each(async () => {
  await database.close();
  rmSync(dataDir, { recursive: true });
});
test.after(() => postgres.stop());

const given = (env: Readonly<Record<string, string>> = {}): Record<string, string> => ({
  DATABASE_URL: databaseUrl,
  DATA_DIR: dataDir,
  ...env,
});

async function makeKeys(master: Buffer, count: number): Promise<void> {
  const vault = await openVault({ database, masterKey: master, log });
  await vault.ensureKeys(people(count));
}

/** With nothing but these every key can be had. */
async function opensAll(count: number, master: Buffer, ...readableMasterKeys: Buffer[]): Promise<void> {
  const vault = await openVault({ database, masterKey: master, readableMasterKeys, log });
  await vault.ensureKeys(people(count));
  const items = await Promise.all(
    people(count).map(async (key) => ({ sealed: await vault.seal(key, key, "c"), context: "c" })),
  );
  assert.equal(await vault.openMany(items), people(count));
}

const mastersInUse = async (): Promise<string[]> => [...(await surveyKeys(database)).keys.keys()];

test("counts the keys by their master key, and shows none", async () => {
  await makeKeys(old, 1_204);
  const { code, output } = await masterKey("status", given({ MASTER_KEY: inBase64(next) }));
  assert.is(code, 0, output);
  assert.match(output, new RegExp(`${idOf(old)} +1,205  wraps new keys, not known here`));
  assert.not.match(output, inBase64(next));
  assert.equal(await mastersInUse(), [idOf(old)]);
  assert.not.ok(existsSync(masterKeyFile(dataDir)), "it makes no key");
});

test("wraps every key anew under MASTER_KEY", async () => {
  await makeKeys(old, 700);
  const env = given({ MASTER_KEY: inBase64(next), MASTER_KEYS_READABLE: inBase64(old) });
  const { code, output } = await masterKey("rewrap", env);
  assert.is(code, 0, output);
  assert.match(output, `Wrapped 701 keys anew; all are wrapped under ${idOf(next)} now.`);
  assert.match((await masterKey("status", env)).output, "no other master key is needed");
  await opensAll(700, next);
});

test("says in words what it can't do, and does nothing then", async () => {
  await makeKeys(old, 3);
  const before = await surveyKeys(database);
  const refusals: readonly [string, Record<string, string>, string | RegExp][] = [
    ["", {}, "<status|rewrap|rotate>"],
    ["toString", {}, "<status|rewrap|rotate>"],
    ["rewrap", { MASTER_KEY: inBase64(next) }, `the id ${idOf(old)}`],
    ["rewrap", {}, "There is no master key in"],
    ["rotate", {}, "There is no master key in"],
    ["rotate", { MASTER_KEY: inBase64(old) }, /MASTER_KEY is given.*\n.*npm run master-key -- rewrap/],
    ["status", { MASTER_KEY: inBase64(old), DATABASE_URL: `${databaseUrl}_none` }, "can't be reached"],
  ];
  for (const [name, env, words] of refusals) {
    const { code, output } = await masterKey(name, given(env));
    assert.is(code, 1, `${name}: ${output}`);
    assert.match(output, words);
    assert.not.match(output, /\n {4}at /);
    for (const master of [old, next]) assert.not.match(output, inBase64(master));
  }
  assert.equal(await surveyKeys(database), before);
  assert.not.ok(existsSync(masterKeyFile(dataDir)));
});

test("killed while it wraps anew, it has lost no key, and ends when it is run again", async () => {
  const count = 12_000;
  await makeKeys(old, count);
  const env = given({ MASTER_KEY: inBase64(next), MASTER_KEYS_READABLE: inBase64(old) });
  const killed = startMasterKey("rewrap", env);
  assert.ok(await killed.said(/keys are wrapped anew/), killed.output());
  killed.kill();
  await killed.exited;
  assert.equal((await mastersInUse()).sort(), [idOf(old), idOf(next)].sort(), "in the middle of it");
  await opensAll(count, old, next);

  const { code, output } = await masterKey("rewrap", env);
  assert.is(code, 0, output);
  await opensAll(count, next);
});

test("replaces the key that is kept below the data folder, and leaves nothing of the old one", async () => {
  const kept = keptMasterKey(dataDir);
  await makeKeys(kept, 600);
  const { code, output } = await masterKey("rotate", given());
  assert.is(code, 0, output);
  const [replaced, ...others] = keptMasterKeys(dataDir);
  assert.equal(others, []);
  assert.ok(replaced && !replaced.equals(kept));
  assert.match(output, idOf(replaced));
  for (const master of [kept, replaced]) assert.not.match(output, inBase64(master));
  await opensAll(600, replaced);
});

test("killed at any moment of a rotation, it ends when it is run again", async () => {
  const count = 6_000;
  const first = keptMasterKey(dataDir);
  await makeKeys(first, count);
  const moments = [/keys are wrapped anew/, /[1-9],\d{3} of /, /./];
  for (const moment of moments) {
    const killed = startMasterKey("rotate", given());
    await killed.said(moment);
    killed.kill();
    await killed.exited;
    const [one, ...rest] = keptMasterKeys(dataDir);
    assert.ok(one);
    await opensAll(count, one, ...rest);
  }
  const { code, output } = await masterKey("rotate", given());
  assert.is(code, 0, output);
  const [only, ...others] = keptMasterKeys(dataDir);
  assert.equal(others, []);
  assert.ok(only && !only.equals(first));
  await opensAll(count, only);
});

test("dead before any of its statements, a rotation has lost no key and is taken up again", async () => {
  await makeKeys(keptMasterKey(dataDir), 40);
  const config = readConfig(given());
  const first = keptMasterKey(dataDir);
  let made: Buffer | undefined;
  let finished = false;
  for (let statement = 1; !finished; statement += 1) {
    assert.ok(statement < 100);
    finished = await rotate(dyingAt(statement), config, () => undefined).then(
      () => true,
      (error: unknown) => {
        assert.instance(error, Death);
        return false;
      },
    );
    const [one, ...rest] = keptMasterKeys(dataDir);
    assert.ok(one);
    await opensAll(40, one, ...rest);
    if (one.equals(first)) continue;
    made ??= one;
    assert.ok(one.equals(made), "no second new key is made");
  }
  assert.equal(keptMasterKeys(dataDir), [made]);
  assert.equal(await mastersInUse(), [idOf(made as Buffer)]);
});

test("is replaced by one process at a time", async () => {
  await makeKeys(keptMasterKey(dataDir), 3);
  const config = readConfig(given());
  const end = Promise.withResolvers<void>();
  const begun = Promise.withResolvers<void>();
  const slow: Database = {
    ...database,
    async transaction(work) {
      begun.resolve();
      await end.promise;
      return database.transaction(work);
    },
  };
  const first = rotate(slow, config, () => undefined);
  await begun.promise;
  const { code, output } = await masterKey("rotate", given());
  assert.is(code, 1);
  assert.match(output, "being replaced by another process already");
  end.resolve();
  assert.is((await first).keys, 4);
});

test("does not begin with a next key that is none", async () => {
  await makeKeys(keptMasterKey(dataDir), 3);
  writeFileSync(`${masterKeyFile(dataDir)}.next`, "half");
  const before = readFileSync(masterKeyFile(dataDir), "utf8");
  const { code, output } = await masterKey("rotate", given());
  assert.is(code, 1);
  assert.match(output, "master-key.next is not 32 bytes in base64");
  assert.is(readFileSync(masterKeyFile(dataDir), "utf8"), before);
});

class Death extends Error {}

/** Runs so many statements, and no more. */
function dyingAt(statement: number): Database {
  let run = 0;
  const alive = (): void => {
    run += 1;
    if (run >= statement) throw new Death();
  };
  const mortal = <Q extends Pick<Database, "query" | "execute">>({
    query,
    execute,
  }: Q): Pick<Database, "query" | "execute"> => ({
    query: async (...call) => {
      alive();
      return query(...call) as never;
    },
    execute: async (...call) => {
      alive();
      return execute(...call);
    },
  });
  return {
    ...database,
    ...mortal(database),
    transaction: (work) => database.transaction((within) => work(mortal(within))),
  };
}

test.run();
