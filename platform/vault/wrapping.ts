// Which master key wraps: one row says it for all processes, so that nobody goes on with one that is being taken away.
import type { Database, Queryable } from "../database.ts";

/** Undefined while no vault was ever opened there. */
export async function wrappingMaster(queryable: Queryable): Promise<string | undefined> {
  const [row] = await queryable.query<{ master: string }>("select master from vault.wrapping");
  return row?.master;
}

/** Whoever is first says which one; the answer is the same for all. */
export async function agreedMaster(database: Database, proposed: string): Promise<string> {
  await database.execute("insert into vault.wrapping (master) values ($1) on conflict do nothing", [
    proposed,
  ]);
  return (await wrappingMaster(database)) ?? proposed;
}

/** Once this resolves no key is wrapped under another one any more, not even by a statement that is under way. */
export async function wrapUnder(database: Database, masterId: string): Promise<void> {
  await database.transaction(async (within) => {
    // Keys are made under a share lock of the row. Those who hold one would let others in past a waiting update; a table lock waits its turn.
    await within.execute("lock table vault.wrapping in exclusive mode");
    await within.execute(
      "insert into vault.wrapping (master) values ($1) on conflict (one) do update set master = excluded.master",
      [masterId],
    );
  });
}
