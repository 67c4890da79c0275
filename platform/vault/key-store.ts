// Where the keys live: one row each, wrapped. A destroyed key leaves its row behind, empty, so that it is never made again.
import type { Database } from "../database.ts";
import type { MasterKeys } from "./master-key.ts";

/** Undefined for a key that is destroyed. */
type Keys = ReadonlyMap<string, Buffer | undefined>;

export interface KeyStore {
  /** Those that exist or once existed. */
  load(keyIds: readonly string[]): Promise<Keys>;
  /** The same, and makes those that never existed; `make` proposes, whoever writes first wins. */
  ensure(keyIds: readonly string[], make: () => Buffer): Promise<Keys>;
  destroy(keyIds: readonly string[]): Promise<void>;
  /** Wraps all under the current master key; how many were not. */
  rewrap(): Promise<number>;
}

export const DESTROYED_CHANNEL = "vault_destroyed";

const SCHEMA = [
  `create schema if not exists vault;
   create table vault.keys (
     id text primary key,
     wrapped text,
     master text not null,
     created_at timestamptz not null default now(),
     destroyed_at timestamptz,
     check ((wrapped is null) = (destroyed_at is not null))
   )`,
];

const ENSURE = `
  insert into vault.keys (id, wrapped, master)
  select id, wrapped, $3 from unnest($1::text[], $2::text[]) as made (id, wrapped) order by id
  -- Writes nothing new, but gives back the row that was there, also one from a transaction that ended a moment ago.
  on conflict (id) do update set master = vault.keys.master
  returning id, wrapped`;

const DESTROY = `
  insert into vault.keys (id, wrapped, master, destroyed_at)
  select id, null, '', now() from unnest($1::text[]) as gone (id) order by id
  on conflict (id) do update set wrapped = null, destroyed_at = coalesce(vault.keys.destroyed_at, now())`;

/** A notification holds 8,000 bytes. */
const NOTIFY = "select pg_notify($1, id) from unnest($2::text[]) as gone (id)";

const REWRAP_AT_ONCE = 500;

interface Row {
  readonly id: string;
  readonly wrapped: string | null;
}

export async function openKeyStore(database: Database, masters: MasterKeys): Promise<KeyStore> {
  await database.migrate("vault", SCHEMA);

  const unwrapAll = (rows: readonly Row[]): Keys =>
    new Map(rows.map(({ id, wrapped }) => [id, wrapped === null ? undefined : masters.unwrap(id, wrapped)]));

  async function rewrapSome(): Promise<number> {
    return await database.transaction(async (within) => {
      const rows = await within.query<Row>(
        `select id, wrapped from vault.keys where wrapped is not null and master <> $1
         order by id limit ${REWRAP_AT_ONCE} for update`,
        [masters.currentId],
      );
      const wrapped = rows.map(({ id, wrapped }) => masters.wrap(id, masters.unwrap(id, wrapped ?? "")));
      await within.execute(
        `update vault.keys set wrapped = new.wrapped, master = $3
         from unnest($1::text[], $2::text[]) as new (id, wrapped) where vault.keys.id = new.id`,
        [rows.map(({ id }) => id), wrapped, masters.currentId],
      );
      return rows.length;
    });
  }

  return {
    async load(keyIds) {
      return unwrapAll(
        await database.query<Row>("select id, wrapped from vault.keys where id = any($1)", [keyIds]),
      );
    },
    async ensure(keyIds, make) {
      const ids = [...new Set(keyIds)];
      const wrapped = ids.map((id) => masters.wrap(id, make()));
      return unwrapAll(await database.query<Row>(ENSURE, [ids, wrapped, masters.currentId]));
    },
    async destroy(keyIds) {
      await database.transaction(async (within) => {
        await within.execute(DESTROY, [[...new Set(keyIds)]]);
        await within.query(NOTIFY, [DESTROYED_CHANNEL, keyIds]);
      });
    },
    async rewrap() {
      let all = 0;
      for (let some = await rewrapSome(); some > 0; some = await rewrapSome()) all += some;
      return all;
    },
  };
}
