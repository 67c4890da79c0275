// Where the keys live: one row each, wrapped. A destroyed key leaves its row behind, empty, so that it is never made again.
import type { Database } from "../database.ts";
import { type MasterKeys, UnknownMasterKey } from "./master-key.ts";
import { migrateVault } from "./schema.ts";
import { agreedMaster } from "./wrapping.ts";

/** Undefined for a key that is destroyed, "damaged" for one that can't be unwrapped by the master key that wraps it. */
export type Key = Buffer | "damaged" | undefined;
type Keys = ReadonlyMap<string, Key>;

export interface KeyStore {
  /** Those that exist or once existed, each found by index. */
  load(keyIds: readonly string[]): Promise<Keys>;
  /** The same, and makes those that never existed; `make` proposes, whoever writes first wins. */
  ensure(keyIds: readonly string[], make: () => Buffer): Promise<Keys>;
  /** Those of these that exist and are not destroyed. */
  existing(keyIds: readonly string[]): Promise<string[]>;
  destroy(keyIds: readonly string[]): Promise<void>;
  toForget(): Promise<string[]>;
  forgot(keyIds: readonly string[]): Promise<void>;
  /** Throws UnknownMasterKey when keys are wrapped under one now that this process does not know. */
  check(): Promise<void>;
}

export const DESTROYED_CHANNEL = "vault_destroyed";

/**
 * Key by key: keys stand in several partitions, and of a list of them the planner counts on finding all in each, so it reads whole
 * partitions. See docs/decisions/0178 and 0191.
 */
const LOAD = `
  select found.id, found.wrapped from unnest($1::text[]) as wanted (id)
   cross join lateral (select id, wrapped from vault.keys where keys.id = wanted.id limit 1) as found`;

/** Nothing at all when another master key wraps by now; the lock on the row makes whoever replaces it wait for us. */
const ENSURE = `
  with wrapping as materialized (select master from vault.wrapping for share)
  insert into vault.keys (id, wrapped, master)
  select made.id, made.wrapped, $3 from unnest($1::text[], $2::text[]) as made (id, wrapped), wrapping
  where wrapping.master = $3 order by made.id
  -- Writes nothing new, but gives back the row that was there, also one from a transaction that ended a moment ago.
  on conflict (id) do update set master = vault.keys.master
  returning id, wrapped`;

/** Of one that never existed there is nothing to purge. */
const DESTROY = `
  insert into vault.keys (id, wrapped, master, destroyed_at, purged_at)
  select id, null, '', now(), now() from unnest($1::text[]) as gone (id) order by id
  on conflict (id) do update set wrapped = null, destroyed_at = coalesce(vault.keys.destroyed_at, now())`;

/** A notification holds 8,000 bytes. */
const NOTIFY = "select pg_notify($1, id) from unnest($2::text[]) as gone (id)";

interface Row {
  readonly id: string;
  readonly wrapped: string | null;
}

export async function openKeyStore(database: Database, masters: MasterKeys): Promise<KeyStore> {
  await migrateVault(database);

  async function agreed(): Promise<string> {
    const master = await agreedMaster(database, masters.currentId);
    masters.demand(master);
    return master;
  }
  let wrapping = await agreed();

  /** One row that can't be read must not keep the others from being read. */
  function keyIn({ id, wrapped }: Row): Key {
    if (wrapped === null) return undefined;
    try {
      return masters.unwrap(id, wrapped);
    } catch (error) {
      if (error instanceof UnknownMasterKey) throw error;
      return "damaged";
    }
  }

  return {
    async load(keyIds) {
      const rows = await database.query<Row>(LOAD, [keyIds], { prepared: true });
      return new Map(rows.map((row) => [row.id, keyIn(row)]));
    },
    async ensure(keyIds, make) {
      const made = [...new Set(keyIds)].map((id) => ({ id, key: make() }));
      if (made.length === 0) return new Map();
      const ids = made.map(({ id }) => id);
      for (;;) {
        const wrapped = made.map(({ id, key }) => masters.wrap(wrapping, id, key));
        const rows = await database.query<Row>(ENSURE, [ids, wrapped, wrapping]);
        if (rows.length > 0) {
          // Nearly always ours was the first: what we have just wrapped need not be opened again.
          const ours = new Map(wrapped.map((text, n) => [text, made[n]?.key]));
          return new Map(rows.map((row) => [row.id, ours.get(row.wrapped ?? "") ?? keyIn(row)]));
        }
        wrapping = await agreed();
      }
    },
    async existing(keyIds) {
      const rows = await database.query<{ id: string }>(
        "select id from vault.keys where id = any($1) and wrapped is not null order by id",
        [keyIds],
      );
      return rows.map(({ id }) => id);
    },
    async destroy(keyIds) {
      await database.transaction(async (within) => {
        await within.execute(DESTROY, [[...new Set(keyIds)]]);
        await within.query(NOTIFY, [DESTROYED_CHANNEL, keyIds]);
      });
    },
    async toForget() {
      const rows = await database.query<{ id: string }>("select id from vault.to_forget order by id");
      return rows.map(({ id }) => id);
    },
    async forgot(keyIds) {
      await database.execute("delete from vault.to_forget where id = any($1)", [keyIds]);
    },
    async check() {
      await agreed();
    },
  };
}
