// Replacing the master key: which keys are wrapped under which, and all of them anew under one.
import type { Database } from "../database.ts";
import type { MasterKeys } from "./master-key.ts";
import { migrateVault } from "./schema.ts";
import { wrappingMaster, wrapUnder } from "./wrapping.ts";

export interface Survey {
  /** The master key that wraps new keys; undefined while there never was one. */
  readonly wrapping: string | undefined;
  /** Keys that are not destroyed, by the id of their master key. */
  readonly keys: ReadonlyMap<string, number>;
}

const MAX_AT_ONCE = 500;
/** Of the advisory lock. */
const REWRAPPING = 0x5317_ca4e;

export async function surveyKeys(database: Database): Promise<Survey> {
  await migrateVault(database);
  const counts = await database.query<{ master: string; keys: number }>(
    "select master, count(*)::int as keys from vault.keys where wrapped is not null group by master order by keys desc",
  );
  return {
    wrapping: await wrappingMaster(database),
    keys: new Map(counts.map(({ master, keys }) => [master, keys])),
  };
}

/** Every other process that would rotate waits; the lock ends with the process that has it. */
export async function oneRotationAtATime<T>(database: Database, work: () => Promise<T>): Promise<T> {
  return database.transaction(async (within) => {
    // The work is done over other connections; this one waits for it, however long it takes.
    await within.execute("set local idle_in_transaction_session_timeout = 0");
    await within.query("select pg_advisory_xact_lock($1)", [REWRAPPING]);
    return work();
  });
}

/**
 * From its first moment on every process wraps under the current one of these; when it resolves no key is wrapped under another.
 * Changes nothing and throws UnknownMasterKey when one is wrapped under a master key that is not among them.
 */
export async function rewrapKeys(
  database: Database,
  masters: MasterKeys,
  onProgress: (done: number, of: number) => void = () => undefined,
): Promise<number> {
  const { keys } = await surveyKeys(database);
  for (const id of keys.keys()) masters.demand(id);
  await wrapUnder(database, masters.currentId);
  const due = [...keys].reduce((sum, [id, count]) => sum + (id === masters.currentId ? 0 : count), 0);
  let done = 0;
  for (let from = "", count = MAX_AT_ONCE; count === MAX_AT_ONCE; ) {
    ({ last: from, count } = await rewrapSome(database, masters, from));
    done += count;
    if (count > 0) onProgress(done, Math.max(done, due));
  }
  return done;
}

async function rewrapSome(
  database: Database,
  masters: MasterKeys,
  from: string,
): Promise<{ readonly last: string; readonly count: number }> {
  return database.transaction(async (within) => {
    const rows = await within.query<{ id: string; wrapped: string }>(
      `select id, wrapped from vault.keys where wrapped is not null and master <> $1 and id > $2
       order by id limit ${MAX_AT_ONCE} for update`,
      [masters.currentId, from],
    );
    const ids = rows.map(({ id }) => id);
    const anew = rows.map(({ id, wrapped }) =>
      masters.wrap(masters.currentId, id, masters.unwrap(id, wrapped)),
    );
    await within.execute(
      `update vault.keys set wrapped = anew.wrapped, master = $3
       from unnest($1::text[], $2::text[]) as anew (id, wrapped) where vault.keys.id = anew.id`,
      [ids, anew, masters.currentId],
    );
    return { last: ids.at(-1) ?? from, count: ids.length };
  });
}
