// The vault's keys as rows, wrapped as they are: for a backup, and back into an empty vault.
import type { Database } from "../database.ts";
import { migrateVault } from "./schema.ts";
import { wrappingMaster } from "./wrapping.ts";

export interface KeyRow {
  readonly id: string;
  /** Null for a key that is destroyed. */
  readonly wrapped: string | null;
  readonly master: string;
  readonly created_at: string;
  readonly destroyed_at: string | null;
  readonly purged_at: string | null;
}

const PAGE = 2_000;
const ISO = `'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'`;
const inUtc = (column: string): string => `to_char(${column} at time zone 'UTC', ${ISO}) as ${column}`;

/** In the order of their ids. One that is made meanwhile may be among them or not. */
export async function* readKeys(database: Database): AsyncGenerator<readonly KeyRow[]> {
  await migrateVault(database);
  for (let after = ""; ; ) {
    const rows = await database.query<KeyRow>(
      `select id, wrapped, master, ${["created_at", "destroyed_at", "purged_at"].map(inUtc).join(", ")}
         from vault.keys where id collate "C" > $1 order by id collate "C" limit ${PAGE}`,
      [after],
    );
    if (rows.length === 0) return;
    yield rows;
    after = rows.at(-1)?.id ?? "";
  }
}

/** Undefined while there never was a key. */
export async function wrappingOf(database: Database): Promise<string | undefined> {
  await migrateVault(database);
  return wrappingMaster(database);
}

export interface KeysToWrite {
  readonly wrapping: string;
  readonly pages: AsyncIterable<readonly KeyRow[]>;
  /** Whom the identity writer is to forget if the log does not say so. */
  readonly toForget: readonly string[];
}

/** All or none. What is there already stays, so that it can be repeated. */
export async function writeKeys(
  database: Database,
  { wrapping, pages, toForget }: KeysToWrite,
): Promise<void> {
  await migrateVault(database);
  await database.transaction(async (within) => {
    for await (const rows of pages)
      await within.execute(
        `insert into vault.keys (id, wrapped, master, created_at, destroyed_at, purged_at)
           select * from unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[], $5::timestamptz[], $6::timestamptz[])
           on conflict do nothing`,
        [
          rows.map(({ id }) => id),
          rows.map(({ wrapped }) => wrapped),
          rows.map(({ master }) => master),
          rows.map(({ created_at }) => created_at),
          rows.map(({ destroyed_at }) => destroyed_at),
          rows.map(({ purged_at }) => purged_at),
        ],
      );
    await within.execute("insert into vault.wrapping (master) values ($1) on conflict do nothing", [
      wrapping,
    ]);
    await within.execute(
      "insert into vault.to_forget (id) select unnest($1::text[]) on conflict do nothing",
      [toForget],
    );
  });
}
