import { randomBytes } from "node:crypto";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { startPostgres } from "../../test/harness/postgres.ts";
import { until } from "../../test/harness/wait.ts";
import { connectDatabase, type Database } from "../database.ts";
import { newUuid } from "../ids.ts";
import { createLog } from "../log.ts";
import { KeyDestroyed, openVault, SealDamaged, type Sealed } from "./vault.ts";

const vaults = suite("vault");
const log = createLog({ level: "silent", name: "test", instance: "test" });
const postgres = await startPostgres();
const database = connectDatabase({ url: postgres.url, log });
const masterKey = randomBytes(32);
const open = () => openVault({ database, masterKey, log });
const [vault, elsewhere] = await Promise.all([open(), open()]);
interface Item {
  readonly sealed: Sealed;
  readonly context: string;
}
const ada = { email: "ada@example.org" };

vaults.after(async () => {
  await database.close();
  await postgres.stop();
});

vaults("opens in one process what another sealed", async () => {
  const sealed = await vault.seal("person/1", ada, "submission-1");
  assert.equal(await elsewhere.open(sealed, "submission-1"), ada);
});

vaults("gives all processes the same keys, however many ask at once", async () => {
  const ids = Array.from({ length: 50 }, (_, n) => `raced/${n}`);
  const crowd = await Promise.all(Array.from({ length: 4 }, () => open()));
  await Promise.all(crowd.map((one, at) => one.ensureKeys(at % 2 === 0 ? ids : ids.toReversed())));
  for (const id of ids) {
    const sealed = crowd.map((one) => one.sealCached(id, ada, "c"));
    const opened = await Promise.all(sealed.map((one) => one && elsewhere.open(one, "c")));
    assert.equal(opened, [ada, ada, ada, ada]);
  }
});

vaults("does not keep a key at hand that was destroyed while it was looked up", async () => {
  const sealed = await elsewhere.seal("looked/up", ada, "c");
  const [found, goOn] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const slow: Database = {
    ...database,
    async query<Row extends object>(sql: string, params?: readonly unknown[]) {
      const rows = await database.query<Row>(sql, params);
      if (!JSON.stringify(params?.[0])?.includes("looked/up")) return rows;
      found.resolve();
      await goOn.promise;
      return rows;
    },
  };
  const slowly = await openVault({ database: slow, masterKey, log });
  const opening = slowly.open(sealed, "c");
  await found.promise;
  await slowly.destroy(["looked/up"]);
  goOn.resolve();
  assert.equal(await opening, ada, "what was asked for before");
  assert.is(await slowly.open(sealed, "c"), undefined);
  assert.is(slowly.sealCached("looked/up", ada, "c"), undefined);
});

vaults("seals at once when the key is at hand, and says when it is not", async () => {
  assert.is(vault.sealCached("intake/2026-01-01", ada, "c"), undefined);
  await vault.ensureKeys(["intake/2026-01-01"]);
  const sealed = vault.sealCached("intake/2026-01-01", ada, "c");
  assert.equal(sealed && (await vault.open(sealed, "c")), ada);
});

vaults("brings many keys to hand by index, however many there were when it was first asked", async () => {
  // Of one connection, which prepares a statement once, and tells of all that it has read.
  const own = connectDatabase({ url: postgres.url, log, max: 1 });
  try {
    const reader = await openVault({ database: own, masterKey, log });
    for (let n = 0; n < 10; n += 1) await reader.fetchKeys([`member-${newUuid()}`]);
    const ids = Array.from({ length: 20_000 }, () => `member-${newUuid()}`);
    for (let from = 0; from < ids.length; from += 5_000)
      await elsewhere.ensureKeys(ids.slice(from, from + 5_000));
    const wanted = ids.filter((_, n) => n % 100 === 0);
    await elsewhere.destroy([wanted[0] as string]);
    await database.execute("analyze vault.keys");
    const before = await keysRead(own);
    await reader.fetchKeys([...wanted, `member-${newUuid()}`]);
    const read = (await keysRead(own)) - before;
    assert.ok(read >= wanted.length && read < wanted.length * 2, `${read} keys were read for 200`);
    assert.equal(
      wanted.map((id) => reader.sealCached(id, ada, "c") !== undefined),
      wanted.map((_, n) => n > 0),
    );
  } finally {
    await own.close();
  }
});

vaults("opens many by index as well", async () => {
  const own = connectDatabase({ url: postgres.url, log, max: 1 });
  try {
    const ids = Array.from({ length: 20_000 }, () => `member-${newUuid()}`);
    for (let from = 0; from < ids.length; from += 5_000)
      await elsewhere.ensureKeys(ids.slice(from, from + 5_000));
    const wanted = ids.filter((_, n) => n % 100 === 0);
    const sealed = await elsewhere.sealMany(wanted.map((key) => ({ key, value: ada, context: "c" })));
    const items = sealed.flatMap((one) => (one === undefined ? [] : { sealed: one, context: "c" }));
    await database.execute("analyze vault.keys");
    const reader = await openVault({ database: own, masterKey, log });
    const before = await keysRead(own);
    assert.equal(
      await reader.openMany(items),
      wanted.map(() => ada),
    );
    const read = (await keysRead(own)) - before;
    assert.ok(read < wanted.length * 2, `${read} keys were read for 200`);
  } finally {
    await own.close();
  }
});

/** By whatever plan. */
async function keysRead(own: Database): Promise<number> {
  await own.query("select pg_stat_force_next_flush()");
  const [row] = await own.query<{ n: number }>(
    `select sum(seq_tup_read + coalesce(idx_tup_fetch, 0))::float8 as n
      from pg_stat_user_tables where schemaname = 'vault' and relname like 'keys_%'`,
  );
  return row?.n ?? Number.NaN;
}

vaults("opens many with what is left of them, in order", async () => {
  const items = await Promise.all(
    ["many/1", "many/2", "many/1"].map(async (key, at) => ({
      sealed: await vault.seal(key, { at }, `c-${at}`),
      context: `c-${at}`,
    })),
  );
  await vault.destroy(["many/2"]);
  assert.equal(await vault.openMany(items), [{ at: 0 }, undefined, { at: 2 }]);
});

vaults("opens all others where one was tampered with, or its key is damaged", async () => {
  const items = await Promise.all(
    ["whole/1", "whole/2", "whole/3"].map(async (key) => ({
      sealed: await vault.seal(key, { key }, key),
      context: key,
    })),
  );
  const [first, second, third] = items as [Item, Item, Item];
  const tampered = { ...second, sealed: { ...second.sealed, tag: first.sealed.tag } };
  const shapeless = { ...second, sealed: { ...second.sealed, iv: "", tag: "?" } };
  const opened = await vault.openMany([first, tampered, shapeless, third]);
  assert.equal([opened[0], opened[3]], [{ key: "whole/1" }, { key: "whole/3" }]);
  assert.instance(opened[1], SealDamaged);
  assert.instance(opened[2], SealDamaged);

  await database.execute("update vault.keys set wrapped = '{\"key\":\"x' where id = 'whole/2'");
  const fresh = await open();
  const [one, two, three] = await fresh.openMany(items);
  assert.equal([one, three], [{ key: "whole/1" }, { key: "whole/3" }]);
  assert.instance(two, SealDamaged);
  assert.equal(await fresh.openReadable(items), [{ key: "whole/1" }, undefined, { key: "whole/3" }]);
  const failed = await fresh.seal("whole/2", {}, "c").catch((error: unknown) => error);
  assert.instance(failed, SealDamaged);
  await fresh.ensureKeys(["whole/1", "whole/2", "whole/4"]);
  assert.ok(fresh.sealCached("whole/4", {}, "c"));
});

vaults(
  "seals many at once under keys that it makes, keeps none of them, and passes over destroyed ones",
  async () => {
    await vault.destroy(["many/gone"]);
    const known = await vault.seal("many/known", ada, "many/known");
    const keys = ["many/new", "many/gone", "many/known"];
    const items = keys.map((key) => ({ key, value: { key }, context: key }));
    const [made, gone, again] = await vault.sealMany(items);
    assert.is(gone, undefined);
    assert.is(again?.key, known.key);
    assert.is(vault.sealCached("many/new", ada, "c"), undefined, "a key that was made for many is at hand");
    assert.ok(vault.sealCached("many/known", ada, "c"), "a key that was at hand is not any more");
    for (const [key, sealed] of [["many/new", made] as const, ["many/known", again] as const]) {
      assert.ok(sealed);
      assert.equal(await elsewhere.open(sealed, key), { key });
      assert.instance(await elsewhere.open(sealed, "c").catch((error: unknown) => error), SealDamaged);
    }
    assert.equal(await vault.sealMany([]), []);
  },
);

vaults("never opens what was sealed for another place", async () => {
  const sealed = await vault.seal("person/2", ada, "submission-2");
  assert.instance(await vault.open(sealed, "submission-3").catch((error: unknown) => error), Error);
});

vaults("forgets a destroyed key everywhere, for ever, and keeps nothing of it", async () => {
  const sealed = await vault.seal("person/3", ada, "c");
  assert.equal(await elsewhere.open(sealed, "c"), ada);
  await vault.destroy(["person/3", "person/never-was"]);
  assert.is(await vault.open(sealed, "c"), undefined);
  await until(
    "the other process has forgotten it",
    async () => (await elsewhere.open(sealed, "c")) === undefined,
    5000,
  );
  assert.is(elsewhere.sealCached("person/3", ada, "c"), undefined);
  for (const gone of ["person/3", "person/never-was"]) {
    await vault.ensureKeys([gone]);
    assert.instance(await vault.seal(gone, ada, "c").catch((error: unknown) => error), KeyDestroyed);
  }
  const rows = await database.query(
    "select wrapped from vault.keys where id like 'person/%' and destroyed_at is not null",
  );
  assert.equal(rows, [{ wrapped: null }, { wrapped: null }]);
});

vaults("fingerprints tell equal values without telling the values", () => {
  assert.is(vault.fingerprint("email", "ada@example.org"), elsewhere.fingerprint("email", "ada@example.org"));
  assert.is.not(vault.fingerprint("email", "a"), vault.fingerprint("phone", "a"));
  assert.is.not(vault.fingerprint("email", "a"), vault.fingerprint("email", "b"));
});

vaults.run();
