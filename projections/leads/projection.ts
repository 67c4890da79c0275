// Every lead as it is now, and all that happened to it.
import type { Sealed } from "#domain/event.ts";
import { IDENTITY_STREAM } from "#domain/identity/events.ts";
import { PARTNER_STREAM_PREFIX } from "#domain/partner/events.ts";
import { SUBMISSION_STREAM_PREFIX } from "#domain/submission/events.ts";
import { Submission } from "#domain/submission/submission.ts";
import type { Queryable } from "#platform/database.ts";
import { createCodec } from "#platform/event-store/codec.ts";
import type { Vault } from "#platform/vault/vault.ts";
import { type Known, knownEvents, type OnSkipped } from "../decoding.ts";
import type { Projection } from "../projection.ts";
import { table } from "../table.ts";
import { evolve, type LeadEvent, type LeadRow, leadEvents, otherEvents } from "./lead.ts";
import { hashesOf } from "./search.ts";

interface TimelineRow {
  readonly lead_id: string;
  readonly position: bigint;
  readonly at: string;
  readonly type: string;
  /** The event's data; what is personal stays sealed. */
  readonly data: object;
}

interface SearchRow {
  readonly hash: string;
  readonly lead_id: string;
}

export const leadsModel = {
  name: "leads",
  version: 2,
  tables: [
    `create table lead (
      id uuid primary key,
      position bigint not null unique,
      kind text not null,
      source text not null,
      status text not null,
      person_id uuid,
      alias_id uuid,
      partner text,
      delivery_id uuid,
      attempts int not null,
      reason text,
      stage text,
      price double precision,
      received_at timestamptz not null,
      updated_at timestamptz not null,
      sealed jsonb not null
    )`,
    "create index lead_by_status on lead (status, position desc)",
    "create index lead_by_partner on lead (partner, position desc)",
    "create index lead_by_person on lead (person_id, position desc)",
    `create table timeline (
      lead_id uuid not null,
      position bigint not null,
      at timestamptz not null,
      type text not null,
      data jsonb not null,
      primary key (lead_id, position)
    )`,
    "create table search (hash text not null, lead_id uuid not null, primary key (hash, lead_id))",
  ],
} as const;

const leads = table<LeadRow>(
  "lead",
  {
    id: "uuid",
    position: "bigint",
    kind: "text",
    source: "text",
    status: "text",
    person_id: "uuid",
    alias_id: "uuid",
    partner: "text",
    delivery_id: "uuid",
    attempts: "int",
    reason: "text",
    stage: "text",
    price: "double precision",
    received_at: "timestamptz",
    updated_at: "timestamptz",
    sealed: "jsonb",
  },
  ["id"],
);
const timeline = table<TimelineRow>(
  "timeline",
  { lead_id: "uuid", position: "bigint", at: "timestamptz", type: "text", data: "jsonb" },
  ["lead_id", "position"],
);
const search = table<SearchRow>("search", { hash: "text", lead_id: "uuid" }, ["hash", "lead_id"]);

export function leadsProjection({
  vault,
  onSkipped,
}: {
  readonly vault: Vault;
  readonly onSkipped: OnSkipped;
}): Projection {
  const codec = createCodec({ ...leadEvents, ...otherEvents });
  return {
    ...leadsModel,
    prefixes: [SUBMISSION_STREAM_PREFIX, PARTNER_STREAM_PREFIX, IDENTITY_STREAM],
    keepsUp: true,
    async apply(transaction, stored) {
      const all = knownEvents(codec, stored, onSkipped);
      const known = all.filter(isAboutALead);
      const rows = await rowsBefore(transaction, known);
      const happened: TimelineRow[] = [];
      for (const { event, raw } of known) {
        const id = event.data.submission_id;
        const next = evolve(rows.get(id), event, { position: raw.position, at: raw.metadata.at });
        if (next === undefined) continue;
        rows.set(id, next);
        const { position, metadata, type } = raw;
        happened.push({ lead_id: id, position, at: metadata.at, type, data: withoutPayload(event) });
      }
      await leads.upsert(transaction, [...rows.values()]);
      await timeline.insertMissing(transaction, happened);
      await search.insertMissing(transaction, await searchable(vault, known));
      await forget(
        transaction,
        all.flatMap(({ event }) => (event.type === "PersonForgotten" ? event.data.persons : [])),
      );
    },
  };
}

const leadEventTypes = new Set(Object.keys(leadEvents));

function isAboutALead(one: Known<{ type: string; data: object }>): one is Known<LeadEvent> {
  return leadEventTypes.has(one.event.type);
}

/** What is sealed can't be opened any more; what they could be found by goes as well. */
async function forget(transaction: Queryable, persons: readonly string[]): Promise<void> {
  if (persons.length === 0) return;
  await transaction.execute(
    "delete from search using lead where search.lead_id = lead.id and lead.person_id = any($1::uuid[])",
    [persons],
  );
}

async function rowsBefore(
  transaction: Queryable,
  known: readonly Known<LeadEvent>[],
): Promise<Map<string, LeadRow>> {
  const begun = new Set<string>();
  const older = new Set<string>();
  for (const { event } of known) {
    const id = event.data.submission_id;
    if (event.type === "SubmissionReceived") begun.add(id);
    else if (!begun.has(id)) older.add(id);
  }
  if (older.size === 0) return new Map();
  const rows = await transaction.query<LeadRow>("select * from lead where id = any($1::uuid[])", [
    [...older],
  ]);
  return new Map(rows.map((row) => [row.id, row]));
}

/** The payload is in the lead's own row; requests and answers stay with their attempts. */
function withoutPayload({ data }: LeadEvent): object {
  if (!("sealed" in data)) return data;
  const { sealed: _sealed, ...rest } = data;
  return rest;
}

/** A payload is opened under its intake key when it arrives; a rebuild after that key's end finds the person's copy. */
async function searchable(vault: Vault, known: readonly Known<LeadEvent>[]): Promise<SearchRow[]> {
  const items: { sealed: Sealed; context: string; lead_id: string }[] = [];
  for (const { event } of known) {
    if (event.type !== "SubmissionReceived" && event.type !== "PersonIdentified") continue;
    const { submission_id, sealed } = event.data;
    items.push({ sealed, context: `submission-${submission_id}`, lead_id: submission_id });
  }
  if (items.length === 0) return [];
  const opened = await vault.openMany(items);
  const rows = new Map<string, SearchRow>();
  for (const [index, value] of opened.entries()) {
    const submission = Submission.safeParse(value);
    const lead_id = items[index]?.lead_id;
    if (!submission.success || lead_id === undefined) continue;
    for (const hash of hashesOf(vault, submission.data)) rows.set(`${hash} ${lead_id}`, { hash, lead_id });
  }
  return [...rows.values()];
}
