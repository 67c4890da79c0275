// Users, sessions and tokens, and the drafts that belong to them. Nothing of it can be derived from the log: it belongs in a backup, and no rebuild touches it.
import type { Database } from "#platform/database.ts";

const STEPS = [
  `create schema if not exists access;
   create table access.users (
     id uuid primary key,
     name text not null,
     name_key text not null unique,
     role text not null,
     password text,
     issuer text,
     subject text,
     created_at timestamptz not null default now(),
     last_sign_in_at timestamptz,
     removed_at timestamptz,
     unique (issuer, subject),
     check ((issuer is null) = (subject is null))
   );
   create table access.tokens (
     id uuid primary key,
     hash bytea not null unique,
     name text not null,
     role text not null,
     created_at timestamptz not null default now(),
     created_by text not null,
     expires_at timestamptz,
     last_used_at timestamptz,
     revoked_at timestamptz
   );
   create unique index token_names on access.tokens (name) where revoked_at is null;
   create table access.sessions (
     id uuid primary key,
     hash bytea not null unique,
     user_id uuid references access.users (id),
     token_id uuid references access.tokens (id),
     admin_token bytea,
     user_agent text,
     started_at timestamptz not null default now(),
     last_seen_at timestamptz not null default now(),
     expires_at timestamptz not null,
     check (num_nonnulls(user_id, token_id, admin_token) = 1)
   );
   create index sessions_of_users on access.sessions (user_id);
   create table access.setup_links (
     hash bytea primary key,
     user_id uuid references access.users (id),
     role text not null,
     expires_at timestamptz not null
   );
   create table access.sign_in_failures (
     name_key text primary key,
     failures integer not null,
     last_at timestamptz not null,
     locked_until timestamptz
   );
   create table access.unrecorded (
     seq bigint generated always as identity primary key,
     id uuid not null,
     type text not null,
     data jsonb not null,
     by text not null,
     at timestamptz not null default now()
   )`,
  // Rules as text: what a rule compares with may be a text that jsonb refuses.
  `create table access.rule_drafts (
     owner text primary key,
     revision uuid not null,
     base_version integer not null,
     rules text not null,
     saved_at timestamptz not null default now()
   )`,
];

export const migrateAccess = (database: Database): Promise<void> => database.migrate("access", STEPS);
