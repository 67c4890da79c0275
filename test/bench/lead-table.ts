// What it costs PostgreSQL to keep the table of leads: with the indexes that it has, and divided by month. See docs/decisions/0114.
import { readFileSync } from "node:fs";
import pg from "pg";
import { leadsModel } from "#projections/leads/projection.ts";
import { startPostgres } from "../harness/postgres.ts";

const LEADS = 40_000;
const BATCH = 500;
const STATUSES = ["received", "queued", "delivered"];
const [TABLE = "", ...OTHERS] = leadsModel.tables;
const INDEXES = OTHERS.filter((statement) => / on lead /.test(statement));

const inSchema = (schema: string): string[] => [`create schema ${schema}`, `set search_path to ${schema}`];
const monthOf = (month: number): string => new Date(Date.UTC(2026, month)).toISOString();
const divided = TABLE.replace("id uuid primary key", "id uuid not null").replace(
  /\)$/,
  ", primary key (id, received_at)) partition by range (received_at)",
);
const partitions = (months: number): string[] =>
  Array.from(
    { length: months },
    (_, month) =>
      `create table lead_${month} partition of lead for values from ('${monthOf(month)}') to ('${monthOf(month + 1)}')`,
  );
const VARIANTS: Readonly<Record<string, readonly string[]>> = {
  whole: [...inSchema("whole"), TABLE, ...INDEXES],
  a_year: [...inSchema("a_year"), divided, ...partitions(12), ...INDEXES],
  five_years: [...inSchema("five_years"), divided, ...partitions(60), ...INDEXES],
};

const ID = "('00000000-0000-4000-8000-' || substr(md5(n::text), 1, 12))::uuid";

function upsert(schema: string, columns: readonly string[], first: number, stage: number): string {
  const known = stage > 0;
  const key = schema !== "whole" ? "id, received_at" : "id";
  const replaced = columns
    .filter((column) => column !== "id" && column !== "received_at")
    .map((column) => `${column} = excluded.${column}`);
  return `insert into ${schema}.lead (${columns.join(", ")})
    select ${ID}, n * 6, n * 6 + ${stage}, 'lead', 'demo', '${STATUSES[stage]}', ${known ? ID : "null"}, null,
      ${known ? "(array['edu', 'fin', 'med'])[n % 3 + 1]" : "null"}, null, ${known ? "'rule'" : "null"}, 0, null, null, null, null,
      timestamptz '2026-06-01Z' + n * interval '1 second', now(), '{}', true, '{"data": "${"x".repeat(400)}"}'
      from generate_series(${first}, ${first + BATCH - 1}) as n
    on conflict (${key}) do update set ${replaced.join(", ")}`;
}

export async function run(): Promise<void> {
  const postgres = await startPostgres({ durable: true });
  const client = new pg.Client(postgres.url);
  await client.connect();
  const [{ pid }] = (await client.query("select pg_backend_pid() as pid")).rows;
  const cpuMs = (): number => {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    return (Number(fields[11]) + Number(fields[12])) * 10;
  };
  const columns = [...TABLE.matchAll(/^ {6}(\w+) /gm)].map(([, name]) => name ?? "");
  await client.query("set synchronous_commit = off");
  for (const statements of Object.values(VARIANTS))
    for (const statement of statements) await client.query(statement);
  for (let round = 0; round < 3; round += 1)
    for (const schema of Object.keys(VARIANTS)) {
      await client.query(`truncate ${schema}.lead; checkpoint`);
      const before = cpuMs();
      for (let from = 0; from < LEADS; from += BATCH)
        for (let stage = 0; stage < STATUSES.length; stage += 1) {
          const ids = `select ${ID} from generate_series(${from}, ${from + BATCH - 1}) as n`;
          if (stage > 0) await client.query(`select * from ${schema}.lead where id = any(array(${ids}))`);
          await client.query(upsert(schema, columns, from, stage));
        }
      const per1000 = ((cpuMs() - before) / LEADS) * 1_000;
      console.log(
        `${schema.padEnd(12)} ${per1000.toFixed(0).padStart(5)} ms CPU of PostgreSQL for 1,000 leads`,
      );
    }
  await client.end();
  await postgres.stop();
}
