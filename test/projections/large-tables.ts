// Read models of many rows, made inside PostgreSQL: most leads alike, a few rare ones far back.
import { createHash } from "node:crypto";
import type { Database } from "#platform/database.ts";
import { auditModel } from "#projections/audit/projection.ts";
import { campaignsModel } from "#projections/campaigns/projection.ts";
import { completeIndexes, prepare, type Shape } from "#projections/checkpoint.ts";
import { deadLettersModel } from "#projections/dead-letters/projection.ts";
import { identitiesModel } from "#projections/identities/projection.ts";
import { leadsModel } from "#projections/leads/projection.ts";
import { metricsModel } from "#projections/metrics/projection.ts";
import { buckets, dimensions } from "#projections/metrics/query.ts";
import { partnersModel } from "#projections/partners/projection.ts";
import { timersModel } from "#projections/timers/projection.ts";
import { unfinishedModel } from "#projections/unfinished/projection.ts";

const uuid = (kind: string, n: number | string): string =>
  `00000000-0000-4000-${kind}-${String(n).padStart(12, "0")}`;
export const PERSONS = 50_000;
export const leadId = (n: number): string => uuid("8000", n);
export const personId = (n: number): string => uuid("9000", n);

/** Of latency, that the leads of a bucket fall into. */
const MAX_STEPS = 100;

/** What there is to ask about. */
export const LARGE = {
  rare: "rare",
  lead: leadId(77),
  person: personId(7),
  otherPerson: personId(8),
  alias: uuid("a000", 100),
  email: "p7@example.com",
  early: new Date("2025-02-01T00:00:00.000Z"),
  late: new Date("2025-12-31T00:00:00.000Z"),
} as const;

const inSql = (kind: string, n: string): string =>
  `('00000000-0000-4000-${kind}-' || lpad((${n})::text, 12, '0'))::uuid`;

/** What these rows hold in place of a vault's fingerprints: PostgreSQL can make it too. */
export const fingerprintOf = (value: string): string => createHash("md5").update(value).digest("base64url");
const hashed = (text: string): string => `('x' || substr(md5(${text}), 1, 16))::bit(64)::bigint`;

/** Evenly over the year 2025. One of three partners takes nothing. */
const at = (n: string, of: number): string =>
  `date_trunc('milliseconds', timestamptz '2025-01-01T00:00:00Z' + interval '365 days' * (${n}::double precision / ${of}))`;

export interface FillOptions {
  readonly leads?: number;
  /** Beside rows of events that the log has: these stand after it. */
  readonly first?: number;
  /** A table with what is sealed in each lead, by its number `n`; the same for all of them, which opens nowhere, unless told. */
  readonly sealed?: string;
}

const SEALED = `'{"key": "k", "iv": "", "tag": "", "data": "${"x".repeat(300)}"}'::json`;

export async function fillReadModels(
  database: Database,
  { leads = 120_000, first = 0, sealed }: FillOptions = {},
): Promise<void> {
  const models = [
    ...[leadsModel, identitiesModel, deadLettersModel, auditModel, metricsModel, partnersModel],
    ...[timersModel, unfinishedModel, campaignsModel],
  ];
  for (const model of models) await prepare(database, model);
  const later: readonly Shape[] = models;
  for (const { name, indexes = [] } of later)
    for (const statement of indexes)
      await database.execute(`drop index ${name}.${/^create index (\w+)/.exec(statement)?.[1]}`);
  const isRare = `n between 1000 and 1020`;
  // In a row: what a list leaves out must not be read either.
  const isReply = `n between ${Math.round(leads * 0.6)} and ${Math.round(leads * 0.95)}`;
  const person = inSql("9000", `n % ${PERSONS}`);
  const run = (sql: string): Promise<unknown> => database.execute(sql, [], { maxMs: 600_000 });
  const from = `from generate_series(1, ${leads}) as n`;
  const received = at("n", leads);
  const position = `${first} + n * 6`;
  await run(`insert into leads.lead_state select ${inSql("8000", "n")}, ${position}, ${position} + 5,
    case when ${isRare} then 'assistance' else 'lead' end, case when ${isRare} then 'rare' else 'demo' end,
    case when n % 500 = 0 then 'dead_lettered' when n % 1000 = 77 then 'delivering' when n > ${leads - 20} then 'received'
      when n % 3 = 2 and not ${isRare} then 'rejected' else 'delivered' end,
    ${person}, case when n % 100 = 0 then ${inSql("a000", "n")} end,
    case when ${isRare} then 'rare' else (array['edu', 'fin', 'med'])[n % 3 + 1] end, ${inSql("b000", "n")},
    case when ${isRare} then 'rare' else (array['edu', null])[n % 2 + 1] end, 1, null, null, null, 12.5,
    ${received}, ${received}, '{"edu": [1, 2]}', true, false ${from}`);
  await run(`insert into leads.payload select ${position}, ${sealed === undefined ? SEALED : "sealed"} ${from}
    ${sealed === undefined ? "" : `join ${sealed} using (n) order by n`}`);
  await run(`insert into leads.search select ${hashed("value")}, ${inSql("8000", "n")}, ${position} ${from},
    lateral (values ('p' || n % ${PERSONS} || '@example.com'), ('person ' || n % ${PERSONS}), (n::text)) as v (value)`);
  const persons = `from generate_series(0, ${PERSONS - 1}) as n`;
  await run(
    `insert into identities.person select ${person}, ${position} + 1, ${person}, null, null ${persons}`,
  );
  await run(`insert into identities.record select ${person}, ${person}, ${position} + 1,
    ${hashed("'p' || n || '@example.com'")}, ${hashed("'+1555' || n")}, ${hashed("'person ' || n")}, '{}' ${persons}`);
  await run(`insert into identities.lead select ${inSql("8000", "n")}, ${person}, ${position} + 1 ${from}`);
  await run(`insert into dead_letters.letter
    (id, stage, partner, reason, shown_cause, attempts, at, position, revision, in_doubt) select ${inSql("8000", "n")},
    case when ${isRare} then 'intake' else 'deliver' end,
    case when ${isRare} then 'rare' else (array['edu', 'fin', 'med'])[n % 3 + 1] end,
    'http_503', case when n % 1000 = 0 then 'timeout' else 'http_503' end, 3, ${received}, ${position} + 5, 3, false ${from}`);
  await run(`insert into dead_letters.cause
    select stage, partner, shown_cause, count(*) from dead_letters.letter group by 1, 2, 3`);
  await run(`insert into audit.change select ${first} + n, ${received}, case when ${isRare} then 'rare' else 'admin' end,
    case when ${isRare} then 'rare' when ${isReply} then 'MemberReplied' else 'PartnerConfigured' end, 'partner edu', 'partner-config', n, null ${from}`);
  for (const dimension of dimensions) {
    // Nobody asks how leads of the others came minute by minute.
    const many = dimension === "partner" || dimension === "status" ? leads : Math.min(leads, 60_000);
    for (const bucket of buckets)
      await run(`insert into metrics.counted
        select '${bucket}', clock, '${dimension}', at, key, received, delivered, rejected, 0, 0, 0, 0, 12.5 * delivered,
            decode(repeat('0101', least(received, ${MAX_STEPS})), 'hex')
          from (select date_trunc('${bucket}', received_at) as at, coalesce(${dimension}, '') as key, count(*)::int as received,
              (count(*) filter (where status = 'delivered'))::int as delivered,
              (count(*) filter (where status = 'rejected'))::int as rejected
            from leads.lead_state where position <= ${first} + ${many} * 6 and position > ${first} group by 1, 2) as counted,
          unnest('{received,ended}'::text[]) as clock order by clock, at, key`);
  }
  await run(`insert into campaigns.member select ${inSql("c000", "n")}, 'large', n,
    case when ${isRare} then 'failed' when n % 2 = 0 then 'waiting' else 'done' end, 'step-' || n % 5, 1, null,
    case when n % 2 = 0 and not ${isRare} then ${received} end, null, 0, null, ${received}, '[0]' ${from}`);
  await run(
    `insert into campaigns.status_count select campaign, status, count(*) from campaigns.member group by 1, 2`,
  );
  await run(`insert into campaigns.step_count select campaign, step, 0, count(*) filter (where status = 'failed'),
    count(*) filter (where status = 'waiting'), 0 from campaigns.member group by 1, 2`);
  await run(`insert into partners.partner select 'partner-' || n, 1, 0, 0, 0, 0, 0, 0, 0, '{"state": "closed"}'
    from generate_series(1, 20) as n`);
  await run(
    `insert into timers.timer (delivery_id, submission_id, partner, due_at, position) select ${inSql("b000", "n")}, ${inSql("8000", "n")}, 'edu', ${received}, ${position} ${from}`,
  );
  await run(`insert into unfinished.submission
    (submission_id, mailbox, partner, stream, revision, position, since)
    select ${inSql("8000", "n")}, 'partner', 'edu', 'partner-edu', n, ${position}, ${received} ${from}`);
  for (const model of later) await completeIndexes(database, model, model.name, new AbortController().signal);
  await run("vacuum analyze");
}
