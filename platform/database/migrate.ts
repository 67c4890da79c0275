// Schema steps that run once, whichever process asks first.
import type { Queryable } from "./queryable.ts";

/** One lock for all of them: they are few, short, and run at the start. */
const LOCK = 0x5317_ca4d;

/** For a step that changes a large table, and for whoever waits for it. */
const unhurried = { maxMs: 30 * 60_000 };

/** Within a transaction, which holds the lock until all is committed. */
export async function runMigrations(
  transaction: Queryable,
  name: string,
  steps: readonly string[],
): Promise<void> {
  await transaction.query("select pg_advisory_xact_lock($1)", [LOCK], unhurried);
  await transaction.execute(
    `create table if not exists migrations (
       name text not null, step integer not null, at timestamptz not null default now(), primary key (name, step)
     )`,
  );
  const done = await transaction.query<{ step: number }>("select step from migrations where name = $1", [
    name,
  ]);
  const known = new Set(done.map(({ step }) => step));
  for (const [step, sql] of steps.entries()) {
    if (known.has(step)) continue;
    await transaction.execute(sql, [], unhurried);
    await transaction.execute("insert into migrations (name, step) values ($1, $2)", [name, step]);
  }
}
