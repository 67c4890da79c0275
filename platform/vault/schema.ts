import type { Database } from "../database.ts";

const STEPS = [
  `create schema if not exists vault;
   create table vault.keys (
     id text primary key,
     wrapped text,
     master text not null,
     created_at timestamptz not null default now(),
     destroyed_at timestamptz,
     check ((wrapped is null) = (destroyed_at is not null))
   )`,
  `create table vault.wrapping (
     one boolean primary key default true check (one),
     master text not null
   )`,
  // In partitions, because purging writes a table anew under a lock. See docs/decisions/0094.
  `alter table vault.keys rename to keys_before;
   alter index vault.keys_pkey rename to keys_before_pkey;
   create table vault.keys (
     id text primary key,
     wrapped text,
     master text not null,
     created_at timestamptz not null default now(),
     destroyed_at timestamptz,
     purged_at timestamptz,
     check ((wrapped is null) = (destroyed_at is not null))
   ) partition by hash (id);
   do $$ begin
     for n in 0..15 loop
       execute format('create table vault.keys_%s partition of vault.keys for values with (modulus 16, remainder %s)', n, n);
     end loop;
   end $$;
   create index keys_to_purge on vault.keys (id) where destroyed_at is not null and purged_at is null;
   insert into vault.keys (id, wrapped, master, created_at, destroyed_at)
     select id, wrapped, master, created_at, destroyed_at from vault.keys_before;
   drop table vault.keys_before`,
  // Written by a restore, read by the identity writer. See docs/decisions/0118.
  "create table vault.to_forget (id text primary key)",
];

export const migrateVault = (database: Database): Promise<void> => database.migrate("vault", STEPS);
