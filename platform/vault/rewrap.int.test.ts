import { randomBytes } from "node:crypto";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { startPostgres } from "../../test/harness/postgres.ts";
import { until } from "../../test/harness/wait.ts";
import { connectDatabase, type Database, type DatabaseOptions } from "../database.ts";
import { createLog } from "../log.ts";
import { createMasterKeys, UnknownMasterKey } from "./master-key.ts";
import { oneRotationAtATime, rewrapKeys, surveyKeys } from "./rewrap.ts";
import { KeyDestroyed, openVault, type Vault } from "./vault.ts";

interface Context {
  database: Database;
  /** As another process has it. */
  connect: (options?: Pick<DatabaseOptions, "maxIdleInTransactionMs">) => Database;
}

const rotation = suite<Context>("replacing the master key");
const log = createLog({ level: "silent", name: "test", instance: "test" });
const postgres = await startPostgres();
const [old, next] = [randomBytes(32), randomBytes(32)];
const idOf = (master: Buffer): string => createMasterKeys({ current: master }).currentId;
const ada = { email: "ada@example.org" };
const opened: Database[] = [];
let databases = 0;

rotation.before.each(async (context) => {
  databases += 1;
  const url = await postgres.createDatabase(`vault_${databases}`);
  context.connect = (options) => {
    const connected = connectDatabase({ url, log, ...options });
    opened.push(connected);
    return connected;
  };
  context.database = context.connect();
});
rotation.after.each(async () => {
  await Promise.all(opened.splice(0).map((one) => one.close()));
});
rotation.after(() => postgres.stop());

const open = (database: Database, masterKey: Buffer, ...readableMasterKeys: Buffer[]): Promise<Vault> =>
  openVault({ database, masterKey, readableMasterKeys, log });
const rewrap = (database: Database, current: Buffer, ...readable: Buffer[]): Promise<number> =>
  rewrapKeys(database, createMasterKeys({ current, readable }));
const thrownBy = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => undefined,
    (error: unknown) => error,
  );
const many = (count: number): string[] => Array.from({ length: count }, (_, n) => `person-${n}`);

async function seals(vault: Vault, keys: readonly string[]) {
  await vault.ensureKeys(keys);
  return Promise.all(
    keys.map(async (key) => ({ sealed: await vault.seal(key, { key }, "c"), context: "c" })),
  );
}

rotation(
  "opens old seals, keeps fingerprints, and lets the old master key be taken away",
  async ({ database }) => {
    const before = await open(database, old);
    const items = await seals(before, many(1_200));
    const print = before.fingerprint("email", ada.email);
    const wrapped = await rewrap(database, next, old);
    assert.is(wrapped, 1_201);
    assert.is(await rewrap(database, next, old), 0);
    assert.equal(await surveyKeys(database), { wrapping: idOf(next), keys: new Map([[idOf(next), 1_201]]) });

    const after = await open(database, next);
    assert.equal(
      await after.openMany(items),
      many(1_200).map((key) => ({ key })),
    );
    assert.is(after.fingerprint("email", ada.email), print);
  },
);

rotation("leaves destroyed keys destroyed", async ({ database }) => {
  const vault = await open(database, old);
  const [item] = await seals(vault, ["person-gone"]);
  await vault.destroy(["person-gone", "person-never-was"]);
  await rewrap(database, next, old);
  const after = await open(database, next);
  assert.is(item && (await after.open(item.sealed, "c")), undefined);
  for (const gone of ["person-gone", "person-never-was"])
    assert.instance(await thrownBy(after.seal(gone, ada, "c")), KeyDestroyed);
});

rotation(
  "wraps under what the database says, whatever a process is configured with",
  async ({ database }) => {
    const first = await open(database, old, next);
    const restarted = await open(database, next, old);
    await restarted.ensureKeys(["a"]);
    assert.equal(
      [...(await surveyKeys(database)).keys.keys()],
      [idOf(old)],
      "those not restarted can read it",
    );
    await rewrap(database, next, old);
    await first.ensureKeys(["b"]);
    assert.equal(
      [...(await surveyKeys(database)).keys.keys()],
      [idOf(next)],
      "nobody wraps under the old one",
    );
  },
);

rotation(
  "changes nothing while a key is wrapped under a master key that is not known",
  async ({ database }) => {
    await seals(await open(database, old), ["a"]);
    const before = await surveyKeys(database);
    const refused = await thrownBy(rewrap(database, next, randomBytes(32)));
    assert.instance(refused, UnknownMasterKey);
    assert.is((refused as UnknownMasterKey).masterId, idOf(old));
    assert.equal(await surveyKeys(database), before);
  },
);

rotation(
  "refuses a vault with the wrong master key, at the start and when it was rewrapped since",
  async ({ database }) => {
    const left = await open(database, old);
    const [item] = await seals(left, ["a"]);
    assert.instance(await thrownBy(open(database, next)), UnknownMasterKey);

    await rewrap(database, next, old);
    assert.instance(await thrownBy(left.check()), UnknownMasterKey);
    assert.instance(await thrownBy(left.ensureKeys(["b"])), UnknownMasterKey);
    const late = await thrownBy(open(database, old));
    assert.instance(late, UnknownMasterKey);
    assert.is((late as UnknownMasterKey).masterId, idOf(next));
    assert.equal(item && (await left.open(item.sealed, "c")), { key: "a" }, "what is at hand still opens");

    await rewrap(database, old, next);
    await left.check();
    await left.ensureKeys(["b"]);
  },
);

rotation("waits for a key that is being made under the old one, and takes it along", async ({ database }) => {
  await open(database, old);
  const masters = createMasterKeys({ current: old });
  const asleep = Promise.withResolvers<void>();
  const written = Promise.withResolvers<void>();
  const making = database.transaction(async (within) => {
    await within.query("select master from vault.wrapping for share");
    const wrapped = masters.wrap(masters.currentId, "slow", randomBytes(32));
    await within.execute("insert into vault.keys (id, wrapped, master) values ('slow', $1, $2)", [
      wrapped,
      masters.currentId,
    ]);
    written.resolve();
    await asleep.promise;
  });
  await written.promise;
  const rewrapping = rewrap(database, next, old);
  const waiting = until("the rewrap waits", async () => {
    const [{ waiting } = { waiting: 0 }] = await database.query<{ waiting: number }>(
      "select count(*)::int as waiting from pg_locks where not granted and relation = 'vault.wrapping'::regclass",
    );
    return waiting === 1;
  });
  await waiting.finally(() => asleep.resolve());
  await making;
  await rewrapping;
  assert.equal([...(await surveyKeys(database)).keys.keys()], [idOf(next)]);
});

rotation("is done by one at a time", async ({ database }) => {
  await open(database, old);
  const end = Promise.withResolvers<void>();
  const begun = Promise.withResolvers<void>();
  const order: string[] = [];
  const first = oneRotationAtATime(database, async () => {
    begun.resolve();
    await end.promise;
    order.push("first");
  });
  await begun.promise;
  const second = oneRotationAtATime(database, async () => void order.push("second"));
  const waits = until("the second waits", async () => {
    const waiting = await database.query(
      "select 1 from pg_locks where locktype = 'advisory' and not granted",
    );
    return waiting.length === 1;
  });
  await waits.finally(() => end.resolve());
  await Promise.all([first, second]);
  assert.equal(order, ["first", "second"]);
});

rotation(
  "is done by one at a time, also where it takes longer than a transaction may be idle",
  async ({ connect }) => {
    const maxIdleInTransactionMs = 200;
    const database = connect({ maxIdleInTransactionMs });
    await open(database, old);
    const order: string[] = [];
    const began = performance.now();
    const first = oneRotationAtATime(database, async () => {
      await until("it takes long", () => performance.now() - began > 5 * maxIdleInTransactionMs);
      order.push("first");
    });
    const second = oneRotationAtATime(database, async () => void order.push("second"));
    await Promise.all([first, second]);
    assert.equal(order, ["first", "second"]);
  },
);

rotation(
  "goes on to and fro under load, while processes of every configuration seal and open",
  async ({ database, connect }) => {
    const vaults = await Promise.all([
      open(connect(), old, next),
      open(connect(), next, old),
      open(connect(), old, next),
      open(connect(), next, old),
    ]);
    const items: { sealed: Awaited<ReturnType<Vault["seal"]>>; context: string }[] = [];
    let [running, made] = [true, 0];

    async function use(vault: Vault, n: number): Promise<void> {
      while (running) {
        const keys = Array.from({ length: 8 }, () => `busy-${made++}`);
        await vault.ensureKeys(keys);
        for (const key of keys) items.push({ sealed: await vault.seal(key, { key }, "c"), context: "c" });
        const other = vaults[(n + 1) % vaults.length] as Vault;
        const picked = items.slice(-64);
        const opened = await other.openMany(picked);
        assert.equal(
          opened,
          picked.map(({ sealed }) => ({ key: sealed.key })),
        );
      }
    }
    const using = Promise.all([...vaults, ...vaults].map(use));
    using.catch(() => {
      running = false;
    });
    try {
      for (let turn = 0; turn < 4; turn += 1) {
        const [to, from] = turn % 2 ? [old, next] : [next, old];
        const before = made;
        await until("more keys were made", () => made > before + 200);
        await rewrap(database, to, from);
        assert.equal([...(await surveyKeys(database)).keys.keys()], [idOf(to)], "also while keys are made");
      }
    } finally {
      running = false;
    }
    await using;
    const fresh = await open(database, old);
    assert.equal(
      await fresh.openMany(items),
      items.map(({ sealed }) => ({ key: sealed.key })),
    );
  },
);

rotation.run();
