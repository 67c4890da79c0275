// How long each question of the API takes over HTTP, in tables of so many leads whose payloads can be opened, and what CPU it costs: that
// says something on a busy machine too.
import { Pool } from "undici";
import { comparable } from "#domain/identity/comparable.ts";
import type { Sealed, Vault } from "#platform/vault/vault.ts";
import { columnOf } from "#projections/column.ts";
import { hashesFor } from "#projections/leads/search.ts";
import { shortHash } from "#projections/short-hash.ts";
import { startNode } from "../../harness/process.ts";
import { yardEnvironment } from "../../harness/yard-environment.ts";
import { fillReadModels, LARGE, leadId, PERSONS, personId } from "../../projections/large-tables.ts";
import { familyCpu, percentile } from "../eventstore/measure.ts";
import { fixed, table, whole } from "../pipeline/report.ts";
import type { PreparedYard } from "./prepared-yard.ts";
import { runningProjections } from "./process.ts";
import { DAY_MS, type Question, questions } from "./questions.ts";

const GATEWAY = new URL("../../../services/gateway/main.ts", import.meta.url).pathname;
const WARM_UP = 20;
const TARGET_MS = 20;
/** No log of this bench is so long. */
const AFTER_THE_LOG = 1_000_000_000;

export async function measurePages(
  prepared: PreparedYard,
  { leads, times }: { readonly leads: number; readonly times: number },
): Promise<void> {
  const { yard } = prepared;
  // The rows of leads that the log has, with timelines.
  const projections = await runningProjections(prepared);
  await projections.upToDate();
  await projections.stop();
  const began = performance.now();
  await fill(prepared, leads);
  console.log(
    `tables of ${whole(leads)} leads prepared in ${fixed((performance.now() - began) / 1_000, 0)} s`,
  );
  const environment = yardEnvironment(yard.config);
  const gateway = await startNode(GATEWAY, { ...environment, LOG_LEVEL: "warn" });
  const pool = new Pool(gateway.url, { connections: 1 });
  const headers = { authorization: `Bearer ${environment.ADMIN_TOKEN}`, "content-type": "application/json" };
  const call: Call = async (path, body) => {
    const response = await pool.request({
      path,
      method: body === undefined ? "GET" : "PUT",
      headers,
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.body.text();
    if (response.statusCode !== 200) throw new Error(`${path}: ${response.statusCode} ${text}`);
    return text;
  };
  await call("/api/campaigns/large", { name: "Large", steps: [{ id: "step-1", type: "end" }] });
  const { items } = JSON.parse(
    await call(`/api/leads?limit=200&from=${new Date(Date.now() - DAY_MS).toISOString()}`),
  );
  const rows = [];
  for (const question of questions(
    items.map(({ id }: { id: string }) => id),
    leads,
  ))
    rows.push(...(await measured(question, call, { times, pids: [gateway.pid, yard.parts.postgres.pid] })));
  const slow = rows.filter(({ p99 }) => p99 > TARGET_MS).length;
  console.log(
    table([
      ["", "p50 ms", "p99 ms", "gateway CPU ms", "PostgreSQL CPU ms", "bytes"],
      ...rows.map(({ what, p50, p99, cpu, bytes }) => [
        `${p99 > TARGET_MS ? "!" : " "} ${what}`,
        fixed(p50),
        fixed(p99),
        ...cpu.map((ms) => fixed(ms)),
        whole(bytes),
      ]),
    ]),
  );
  console.log(`${slow} of ${rows.length} above the target of ${TARGET_MS} ms (p99 of ${times})`);
  await pool.close();
  await gateway.stop();
}

type Call = (path: string, body?: object) => Promise<string>;

interface Measured {
  readonly what: string;
  readonly p50: number;
  readonly p99: number;
  /** Milliseconds of each process. */
  readonly cpu: readonly number[];
  readonly bytes: number;
}

interface HowToMeasure {
  readonly times: number;
  readonly pids: readonly number[];
}

/** The question, and where its answer is a page of several the one after it. */
async function measured(
  { what, path }: Question,
  call: Call,
  { times, pids }: HowToMeasure,
): Promise<Measured[]> {
  const one = async (name: string, pathOf: (n: number) => string): Promise<Measured> => {
    const took: number[] = [];
    let bytes = 0;
    let before = pids.map(familyCpu);
    for (let n = -Math.min(WARM_UP, times); n < times; n += 1) {
      if (n === 0) before = pids.map(familyCpu);
      const began = performance.now();
      const text = await call(pathOf(n + WARM_UP));
      if (n >= 0) took.push(performance.now() - began);
      bytes = text.length;
    }
    const cpu = pids.map((pid, which) => ((familyCpu(pid) - (before[which] ?? 0)) * 1_000) / times);
    return { what: name, p50: percentile(took, 0.5), p99: percentile(took, 0.99), cpu, bytes };
  };
  const first = await one(what, path);
  const { next_cursor } = JSON.parse(await call(path(0))) as { next_cursor?: string };
  if (next_cursor === undefined) return [first];
  const next = (n: number): string => `${path(n)}${path(n).includes("?") ? "&" : "?"}cursor=${next_cursor}`;
  return [first, await one(`${what}, next page`, next)];
}

const BATCH = 10_000;

async function fill({ yard }: PreparedYard, leads: number): Promise<void> {
  const [database, vault] = [yard.own.database(), await yard.own.vault()];
  await database.execute("create table payloads (n bigint primary key, sealed json not null)");
  for (let from = 1; from <= leads; from += BATCH) {
    const numbers = Array.from({ length: Math.min(BATCH, leads - from + 1) }, (_, n) => from + n);
    const sealed = await sealedPayloads(vault, numbers);
    await database.execute("insert into payloads select * from unnest($1::bigint[], $2::json[])", [
      columnOf(numbers, "bigint"),
      columnOf(sealed, "json"),
    ]);
  }
  await fillReadModels(database, { leads, first: AFTER_THE_LOG, sealed: "payloads" });
  await database.execute("drop table payloads");
  await makeFindable(yard, vault);
}

async function sealedPayloads(vault: Vault, numbers: readonly number[]): Promise<Sealed[]> {
  const keyOf = (n: number): string => `person-${personId(n % PERSONS)}`;
  await vault.ensureKeys([...new Set(numbers.map(keyOf))]);
  return Promise.all(
    numbers.map(async (n) => {
      const details = { email: `p${n}@example.com`, phone: `+1555${n}`, full_name: `Person ${n}` };
      const submission = {
        kind: "lead",
        source: "demo",
        received_at: "2025-01-01T00:00:00Z",
        idempotency_key: `${n}`,
        payload: { ...details, interest: "education", page: "https://example.com/?utm_source=search" },
        normalised: details,
      };
      return vault.seal(keyOf(n), submission, `submission-${leadId(n)}`);
    }),
  );
}

/** By the hashes that the gateway will look for: of one address twenty leads and a person. */
async function makeFindable({ own }: PreparedYard["yard"], vault: Vault): Promise<void> {
  const database = own.database();
  for (const hash of hashesFor(vault, LARGE.email))
    await database.execute(
      "insert into leads.search select $1, id, position from leads.lead where person_id = $2",
      [hash, LARGE.person],
    );
  for (const [field, value] of Object.entries(comparable({ email: LARGE.email })))
    await database.execute(`update identities.record set ${field} = $1 where id = $2`, [
      shortHash(vault.fingerprint(field, value)),
      LARGE.person,
    ]);
}
