// Everybody, with their aliases and what they sent. Values are sealed; only keyed hashes can be searched.
import type { Sealed } from "#domain/event.ts";
import { IDENTITY_STREAM, type IdentityEvent } from "#domain/identity/events.ts";
import type { AliasId, PersonId, SubmissionId } from "#domain/ids.ts";
import { SUBMISSION_STREAM_PREFIX } from "#domain/submission/events.ts";
import { type Known, knownEvents, type ModelEvent } from "../decoding.ts";
import type { Projection, Target } from "../projection.ts";
import { shortHash } from "../short-hash.ts";
import { table } from "../table.ts";

/** What one submission brought that was not known: the first record of a person, or an alias. */
export interface RecordRow {
  readonly id: PersonId | AliasId;
  /** Whom it was recorded for; merges are followed when it is read. */
  readonly person_id: PersonId;
  readonly position: bigint;
  readonly email: bigint | null;
  readonly phone: bigint | null;
  readonly name: bigint | null;
  readonly sealed: Sealed | null;
}

interface LeadRow {
  readonly lead_id: SubmissionId;
  readonly person_id: PersonId;
  readonly position: bigint;
}

export const identitiesModel = {
  name: "identities",
  version: 3,
  tables: [
    `create table record (
      id uuid primary key,
      person_id uuid not null,
      position bigint not null,
      email bigint,
      phone bigint,
      name bigint,
      sealed json
    )`,
    "create index record_by_person on record (person_id, position)",
    `create table person (
      id uuid primary key,
      position bigint not null unique,
      -- Whom they are today: themselves, unless merged.
      main uuid not null,
      merged_into uuid,
      forgotten_at timestamptz
    )`,
    "create index person_by_main on person (main)",
    "create table lead (lead_id uuid primary key, person_id uuid not null, position bigint not null)",
  ],
  indexes: [
    "create index record_by_email on record (email) where email is not null",
    "create index record_by_phone on record (phone) where phone is not null",
    "create index record_by_name on record (name) where name is not null",
    "create index lead_by_person on lead (person_id, position desc)",
  ],
} as const;

const records = table<RecordRow>(
  "record",
  {
    id: "uuid",
    person_id: "uuid",
    position: "bigint",
    email: "bigint",
    phone: "bigint",
    name: "bigint",
    sealed: "json",
  },
  ["id"],
);
const persons = table<{ id: PersonId; position: bigint; main: PersonId }>(
  "person",
  { id: "uuid", position: "bigint", main: "uuid" },
  ["id"],
);
const leads = table<LeadRow>("lead", { lead_id: "uuid", person_id: "uuid", position: "bigint" }, ["lead_id"]);

type Registered = Extract<IdentityEvent, { type: "PersonRegistered" | "AliasRecorded" }>;
type Changed = Extract<IdentityEvent, { type: "PersonsMerged" | "PersonsSplit" | "PersonForgotten" }>;

export function identitiesProjection(): Projection {
  return {
    ...identitiesModel,
    prefixes: [IDENTITY_STREAM, SUBMISSION_STREAM_PREFIX],
    async apply(target, stored) {
      const known = knownEvents(stored, target.onSkipped);
      // New records in one statement; a merge or a split, which are rare, comes between those before and after it.
      const statements: Promise<unknown>[] = [leads.upsert(target, known.flatMap(leadIn))];
      let registered: Known<Registered>[] = [];
      for (const { event, raw } of known) {
        if (event.type === "PersonRegistered" || event.type === "AliasRecorded") {
          registered.push({ event, raw });
        } else if (isChange(event)) {
          statements.push(register(target, registered), change(target, event, raw.metadata.at));
          registered = [];
        }
      }
      statements.push(register(target, registered));
      await Promise.all(statements);
    },
  };
}

function isChange(event: ModelEvent): event is Changed {
  return event.type === "PersonsMerged" || event.type === "PersonsSplit" || event.type === "PersonForgotten";
}

const hashed = (trait: string | undefined): bigint | null => (trait === undefined ? null : shortHash(trait));

async function register(target: Target, registered: readonly Known<Registered>[]): Promise<void> {
  await Promise.all([
    persons.insertMissing(
      target,
      registered.flatMap(({ event: { type, data }, raw: { position } }) =>
        type === "PersonRegistered" ? [{ id: data.person_id, position, main: data.person_id }] : [],
      ),
    ),
    records.upsert(
      target,
      registered.map(({ event, raw }): RecordRow => {
        const { person_id, traits, sealed } = event.data;
        return {
          id: event.type === "AliasRecorded" ? event.data.alias_id : person_id,
          person_id,
          position: raw.position,
          email: hashed(traits.email),
          phone: hashed(traits.phone),
          name: hashed(traits.name),
          sealed,
        };
      }),
    ),
  ]);
}

/** Statements run in the order in which they are given, also where nobody waits in between. */
async function change(target: Target, event: Changed, at: string): Promise<void> {
  const person = `${target.schema}.person`;
  switch (event.type) {
    case "PersonsMerged": {
      const { from, into } = event.data;
      await Promise.all([
        target.execute(`update ${person} set merged_into = $2 where id = $1`, [from, into]),
        target.execute(`update ${person} set main = $2 where main = $1`, [from, into]),
      ]);
      return;
    }
    case "PersonsSplit": {
      const { from } = event.data;
      await Promise.all([
        target.execute(`update ${person} set merged_into = null where id = $1`, [from]),
        // With them go all who had been merged into them before.
        target.execute(
          `with recursive merged as (
             select id from ${person} where id = $1
             union select person.id from ${person} join merged on person.merged_into = merged.id
           )
           update ${person} set main = $1 from merged where person.id = merged.id`,
          [from],
        ),
      ]);
      return;
    }
    case "PersonForgotten": {
      const { persons: forgotten } = event.data;
      await Promise.all([
        target.execute(`update ${person} set forgotten_at = $2 where id = any($1::uuid[])`, [forgotten, at]),
        // The keys are destroyed, so the sealed parts are useless, and a hash must find nobody any more.
        target.execute(
          `update ${target.schema}.record set email = null, phone = null, name = null, sealed = null
            where person_id = any($1::uuid[])`,
          [forgotten],
        ),
      ]);
    }
  }
}

function leadIn({ event, raw }: Known): LeadRow[] {
  if (event.type !== "PersonIdentified" || event.data.person_id === undefined) return [];
  const { submission_id: lead_id, person_id } = event.data;
  return [{ lead_id, person_id, position: raw.position }];
}
