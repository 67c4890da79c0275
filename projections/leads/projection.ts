// Every lead as it is now, and where the log tells what happened to it.
import { IDENTITY_STREAM } from "#domain/identity/events.ts";
import type { PersonId, SubmissionId } from "#domain/ids.ts";
import { PARTNER_STREAM_PREFIX } from "#domain/partner/events.ts";
import { SUBMISSION_STREAM_PREFIX } from "#domain/submission/events.ts";
import type { Vault } from "#platform/vault/vault.ts";
import { type Known, knownEvents } from "../decoding.ts";
import { begunBefore, isAboutALead, type LeadEvent } from "../lead-state.ts";
import type { Projection, Target } from "../projection.ts";
import { table } from "../table.ts";
import { evolve, type LeadRow, type PayloadRow, payloadOf } from "./lead.ts";
import { DELIVERING, IN_ORDER, STAYS } from "./page.ts";
import { type Searchable, type SearchRow, searchRows } from "./search.ts";

export const leadsModel = {
  name: "leads",
  version: 9,
  tables: [
    `create table lead_state (
      id uuid primary key,
      position bigint not null,
      last_position bigint not null,
      kind text not null,
      source text not null,
      status text not null,
      person_id uuid,
      alias_id uuid,
      partner text,
      delivery_id uuid,
      rule text,
      attempts int not null,
      reason text,
      sealed_reason json,
      stage text,
      price double precision,
      received_at timestamptz not null,
      updated_at timestamptz not null,
      partner_events json not null,
      searchable boolean not null,
      expired boolean not null
    )`,
    // Apart from what changes at every step, so that a change does not write the payload again. By the position of its lead, which
    // grows, where the lead's id would be a random place.
    "create table payload (position bigint primary key, sealed json not null)",
    "create view lead as select lead_state.*, payload.sealed from lead_state left join payload using (position)",
    // Also finds the leads of whoever is to be forgotten.
    "create index lead_by_person on lead_state (person_id, received_at, position) where person_id is not null",
    "create table search (hash bigint not null, lead_id uuid not null, position bigint not null)",
    // Costs next to nothing to write, and finds the rows of a lead: they lie where it came.
    "create index search_by_position on search using brin (position) with (pages_per_range = 16, autosummarize = on)",
  ],
  indexes: [
    // The order of lists, and the same within each column that they are filtered by, alone and with a status. Each costs with every
    // change of a lead, so what most leads lack at first, or at all, is left out. So are leads that are being delivered, which are few
    // and soon something else: they have an index of their own. See docs/decisions/0185.
    // The position is that of any lead: only a question that says so can walk these two, and that is one without another filter.
    `create index lead_in_order on lead_state (received_at, position) where ${IN_ORDER}`,
    `create index lead_by_status on lead_state (status, received_at, position) where ${IN_ORDER} and ${STAYS}`,
    `create index lead_delivering on lead_state (received_at, position) where ${DELIVERING}`,
    `create index lead_by_source on lead_state (source, status, received_at, position) where ${STAYS}`,
    `create index lead_by_kind on lead_state (kind, status, received_at, position) where ${STAYS}`,
    `create index lead_by_partner on lead_state (partner, status, received_at, position) where partner is not null and ${STAYS}`,
    `create index lead_by_rule on lead_state (rule, status, received_at, position) where rule is not null and ${STAYS}`,
    "create index lead_by_alias on lead_state (alias_id) where alias_id is not null",
    "create index search_by_hash on search (hash)",
  ],
  dependsOnKeys: { columns: ["searchable"], tables: ["search"] },
} as const;

const states = table<LeadRow>(
  "lead_state",
  {
    id: "uuid",
    position: "bigint",
    last_position: "bigint",
    kind: "text",
    source: "text",
    status: "text",
    person_id: "uuid",
    alias_id: "uuid",
    partner: "text",
    delivery_id: "uuid",
    rule: "text",
    attempts: "int",
    reason: "text",
    sealed_reason: "json",
    stage: "text",
    price: "double precision",
    received_at: "timestamptz",
    updated_at: "timestamptz",
    partner_events: "json",
    searchable: "boolean",
    expired: "boolean",
  },
  ["id"],
);
const payloads = table<PayloadRow>("payload", { position: "bigint", sealed: "json" }, ["position"]);
const search = table<SearchRow>("search", { hash: "bigint", lead_id: "uuid", position: "bigint" }, [
  "hash",
  "lead_id",
]);

export function leadsProjection({ vault }: { readonly vault: Vault }): Projection {
  return {
    ...leadsModel,
    prefixes: [SUBMISSION_STREAM_PREFIX, PARTNER_STREAM_PREFIX, IDENTITY_STREAM],
    async apply(target, stored) {
      const all = knownEvents(stored, target.onSkipped);
      const known = all.filter(isAboutALead);
      const before = new Map((await states.find(target, begunBefore(known))).map((row) => [row.id, row]));
      const changed = new Map<SubmissionId, LeadRow>();
      for (const { event, raw } of known) {
        const id = event.data.submission_id;
        const next = evolve(changed.get(id) ?? before.get(id), event, raw);
        if (next !== undefined) changed.set(id, next);
      }
      const [first, ...again] = await Promise.all(
        [payloadsIn(known, changed), ...correctionsIn(known, changed)].map((some) => searchRows(vault, some)),
      );
      const found = first ?? [];
      for (const { lead_id } of found) {
        const row = changed.get(lead_id);
        if (row !== undefined) changed.set(lead_id, { ...row, searchable: true });
      }
      await Promise.all([
        states.upsert(target, [...changed.values()]),
        payloads.upsert(target, payloadRows(known, changed)),
        search.insert(target, [...found, ...again.flat()]),
        forget(
          target,
          all.flatMap(({ event }) => (event.type === "PersonForgotten" ? event.data.persons : [])),
        ),
      ]);
    },
  };
}

/** Each payload that an event brings, in order. */
function payloadRows(
  known: readonly Known<LeadEvent>[],
  rows: ReadonlyMap<SubmissionId, LeadRow>,
): PayloadRow[] {
  return known.flatMap(({ event }) => {
    const position = rows.get(event.data.submission_id)?.position;
    const sealed = payloadOf(event);
    return position === undefined || sealed === undefined ? [] : [{ position, sealed }];
  });
}

/** The payloads of leads that can't be found yet, each lead's in the order in which they were sealed. */
function payloadsIn(
  known: readonly Known<LeadEvent>[],
  rows: ReadonlyMap<SubmissionId, LeadRow>,
): Searchable[] {
  return known.flatMap(({ event }) => {
    const { submission_id: lead_id } = event.data;
    const row = rows.get(lead_id);
    const sealed = event.type === "SubmissionCorrected" ? undefined : payloadOf(event);
    return sealed && row?.searchable === false ? [{ lead_id, position: row.position, sealed }] : [];
  });
}

/** What was put right can be found by what it says now, beside what it said before; each by itself, whatever is written with it. */
function correctionsIn(
  known: readonly Known<LeadEvent>[],
  rows: ReadonlyMap<SubmissionId, LeadRow>,
): (readonly Searchable[])[] {
  return known.flatMap(({ event }) => {
    if (event.type !== "SubmissionCorrected") return [];
    const { submission_id: lead_id, sealed } = event.data;
    const position = rows.get(lead_id)?.position;
    return position === undefined ? [] : [[{ lead_id, position, sealed }]];
  });
}

/** What is sealed can't be opened any more; what they could be found by goes as well. */
async function forget(target: Target, persons: readonly PersonId[]): Promise<void> {
  if (persons.length === 0) return;
  const { schema } = target;
  await target.execute(
    `delete from ${schema}.search using ${schema}.lead_state as lead
      where search.position = lead.position and search.lead_id = lead.id and lead.person_id = any($1::uuid[])`,
    [persons],
  );
}
