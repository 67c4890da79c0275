// A destroyed key has an empty row, but its wrapped bytes are still in PostgreSQL's files: in older versions of the row and in the
// write-ahead log. Purging removes them. See docs/decisions/0094.
//
// 1. A key counts as purged only after its bytes are gone; whoever dies before that leaves it to the next round.
// 2. Nobody who needs a key waits behind a purge that itself waits for long, as behind a backup that has read the table.
// 3. VACUUM FULL keeps what an open transaction may still see, so a key waits while one is open that began before its destruction.
import type { Database } from "../database.ts";

export interface Purged {
  readonly keys: number;
  /** Not purged yet, because an older transaction is still open. */
  readonly waiting: number;
  /** False where the server's settings alone decide how long its write-ahead log is kept. */
  readonly writeAheadLog: boolean;
}

/** Keeps (3). Sessions of other roles show no horizon to a role without pg_read_all_stats. */
const DUE = `
  with horizon as (
    select coalesce(max(greatest(age(backend_xmin), age(backend_xid))), 0) as age
    from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()
  )
  select id, keys.tableoid::regclass::text as partition, age(keys.xmin) > horizon.age as free
  from vault.keys, horizon where destroyed_at is not null and purged_at is null order by id`;

const MAY_CHECKPOINT = `
  select has_function_privilege('pg_switch_wal()', 'execute')
    and coalesce(pg_has_role(to_regrole('pg_checkpoint')::oid, 'usage'), false) as may`;

const MAX_LOCK_WAIT_MS = 1_000;
/** Work on whole tables. */
const unhurried = { maxMs: 10 * 60_000 };

export async function purgeDestroyed(database: Database): Promise<Purged> {
  const due = await database.query<{ id: string; partition: string; free: boolean }>(DUE);
  const free = due.filter((row) => row.free);
  const waiting = due.length - free.length;
  if (free.length === 0) return { keys: 0, waiting, writeAheadLog: true };
  // A plain vacuum would leave the bytes in the free space of their page.
  for (const partition of new Set(free.map((row) => row.partition))) await writeAnew(database, partition);
  const writeAheadLog = await dropWriteAheadLog(database);
  const ids = free.map(({ id }) => id);
  // Keeps (1).
  await database.execute("update vault.keys set purged_at = now() where id = any($1)", [ids]);
  return { keys: ids.length, waiting, writeAheadLog };
}

async function writeAnew(database: Database, partition: string): Promise<void> {
  // Keeps (2): VACUUM can't be told within a transaction how long to wait, so the lock is tried before.
  await database.transaction(async (within) => {
    await within.execute(`set local lock_timeout = ${MAX_LOCK_WAIT_MS}`);
    await within.execute(`lock table ${partition} in access exclusive mode`);
  });
  await database.execute(`vacuum (full) ${partition}`, [], unhurried);
}

/** A checkpoint removes all segments before the one that is written to. */
async function dropWriteAheadLog(database: Database): Promise<boolean> {
  const [rights] = await database.query<{ may: boolean }>(MAY_CHECKPOINT);
  if (rights?.may !== true) return false;
  await database.query("select pg_switch_wal()");
  await database.execute("checkpoint", [], unhurried);
  return true;
}
