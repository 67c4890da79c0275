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
];

export const migrateVault = (database: Database): Promise<void> => database.migrate("vault", STEPS);
