// History in PostgreSQL: a row for each lead and a row for each of its steps.
import { Pool } from "pg";
import type { Job } from "./lead.ts";

interface Step {
  readonly status: string;
  readonly person?: string;
  readonly partner?: string;
  readonly data?: object;
}

/** Resolves after the commit. A repeated call changes nothing. */
export interface History {
  begin(id: string, job: Job): Promise<void>;
  step(id: string, number: number, step: Step): Promise<void>;
}

const CONNECTIONS = 32;

const TABLES = `
  create table lead (
    id text primary key,
    source text not null,
    key text not null,
    status text not null,
    person_id uuid,
    partner text,
    received_at timestamptz not null,
    updated_at timestamptz not null default now(),
    payload jsonb not null
  );
  create index lead_by_status on lead (status, received_at desc);
  create index lead_by_person on lead (person_id, received_at desc);
  create table step (
    lead_id text not null,
    number int not null,
    at timestamptz not null default now(),
    type text not null,
    data jsonb not null,
    primary key (lead_id, number)
  );
`;

export async function createTables(url: string): Promise<void> {
  const pool = new Pool({ connectionString: url, max: 1 });
  await pool.query(TABLES);
  await pool.end();
}

export function openHistory(url: string): History {
  const pool = new Pool({ connectionString: url, max: CONNECTIONS });
  return {
    async begin(id, { lead, source, key, received_at }) {
      await pool.query({
        name: "begin",
        text: `with added as (
                 insert into lead (id, source, key, status, received_at, payload)
                 values ($1, $2, $3, 'received', $4, $5) on conflict do nothing)
               insert into step (lead_id, number, type, data) values ($1, 0, 'received', '{}')
               on conflict do nothing`,
        values: [id, source, key, received_at, JSON.stringify(lead)],
      });
    },
    async step(id, number, { status, person, partner, data = {} }) {
      await pool.query({
        name: "step",
        text: `with changed as (
                 update lead set status = $3, person_id = coalesce($4, person_id),
                   partner = coalesce($5, partner), updated_at = now() where id = $1)
               insert into step (lead_id, number, type, data) values ($1, $2, $3, $6)
               on conflict do nothing`,
        values: [id, number, status, person, partner, JSON.stringify(data)],
      });
    },
  };
}
