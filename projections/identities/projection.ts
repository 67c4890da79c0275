// Everybody, with their aliases and what they sent. Values are sealed; only keyed hashes can be searched.
import { IDENTITY_STREAM, type IdentityEvent, identityEvents } from "#domain/identity/events.ts";
import {
  SUBMISSION_STREAM_PREFIX,
  type SubmissionEvent,
  submissionEvents,
} from "#domain/submission/events.ts";
import type { Queryable } from "#platform/database.ts";
import { createCodec } from "#platform/event-store/codec.ts";
import { type Known, knownEvents, type OnSkipped } from "../decoding.ts";
import type { Projection } from "../projection.ts";
import { table } from "../table.ts";

/** What one submission brought that was not known: the first record of a person, or an alias. */
export interface RecordRow {
  readonly id: string;
  /** Whom it was recorded for; merges are followed when it is read. */
  readonly person_id: string;
  readonly position: bigint;
  readonly email: string | null;
  readonly phone: string | null;
  readonly name: string | null;
  readonly sealed: object | null;
}

interface LeadRow {
  readonly lead_id: string;
  readonly person_id: string;
  readonly position: bigint;
}

export const identitiesModel = {
  name: "identities",
  version: 1,
  tables: [
    `create table record (
      id uuid primary key,
      person_id uuid not null,
      position bigint not null,
      email text,
      phone text,
      name text,
      sealed jsonb
    )`,
    "create index record_by_person on record (person_id, position)",
    "create index record_by_email on record (email) where email is not null",
    "create index record_by_phone on record (phone) where phone is not null",
    "create index record_by_name on record (name) where name is not null",
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
    "create index lead_by_person on lead (person_id, position desc)",
  ],
} as const;

const records = table<RecordRow>(
  "record",
  {
    id: "uuid",
    person_id: "uuid",
    position: "bigint",
    email: "text",
    phone: "text",
    name: "text",
    sealed: "jsonb",
  },
  ["id"],
);
const persons = table<{ id: string; position: bigint; main: string }>(
  "person",
  { id: "uuid", position: "bigint", main: "uuid" },
  ["id"],
);
const leads = table<LeadRow>("lead", { lead_id: "uuid", person_id: "uuid", position: "bigint" }, ["lead_id"]);

type Registered = Extract<IdentityEvent, { type: "PersonRegistered" | "AliasRecorded" }>;
type Changed = Exclude<IdentityEvent, Registered>;

export function identitiesProjection({ onSkipped }: { readonly onSkipped: OnSkipped }): Projection {
  const codec = createCodec({ ...identityEvents, ...submissionEvents });
  return {
    ...identitiesModel,
    prefixes: [IDENTITY_STREAM, SUBMISSION_STREAM_PREFIX],
    async apply(transaction, stored) {
      const known = knownEvents(codec, stored, onSkipped);
      // New records in one statement; a merge or a split, which are rare, ends the run before it.
      let run: Known<Registered>[] = [];
      const flush = async (): Promise<void> => {
        await register(transaction, run);
        run = [];
      };
      for (const one of known) {
        const { event, raw } = one;
        if (event.type === "PersonRegistered" || event.type === "AliasRecorded") {
          run.push({ event, raw });
        } else if (isChange(event)) {
          await flush();
          await change(transaction, event, raw.metadata.at);
        }
      }
      await flush();
      await leads.upsert(transaction, known.flatMap(leadIn));
    },
  };
}

function isChange(event: IdentityEvent | SubmissionEvent): event is Changed {
  return event.type === "PersonsMerged" || event.type === "PersonsSplit" || event.type === "PersonForgotten";
}

async function register(transaction: Queryable, run: readonly Known<Registered>[]): Promise<void> {
  await persons.insertMissing(
    transaction,
    run.flatMap(({ event: { type, data }, raw: { position } }) =>
      type === "PersonRegistered" ? [{ id: data.person_id, position, main: data.person_id }] : [],
    ),
  );
  await records.upsert(
    transaction,
    run.map(({ event, raw }): RecordRow => {
      const { person_id, traits, sealed } = event.data;
      return {
        id: event.type === "AliasRecorded" ? event.data.alias_id : person_id,
        person_id,
        position: raw.position,
        email: traits.email ?? null,
        phone: traits.phone ?? null,
        name: traits.name ?? null,
        sealed,
      };
    }),
  );
}

async function change(transaction: Queryable, event: Changed, at: string): Promise<void> {
  switch (event.type) {
    case "PersonsMerged": {
      const { from, into } = event.data;
      await transaction.execute("update person set merged_into = $2 where id = $1", [from, into]);
      await transaction.execute("update person set main = $2 where main = $1", [from, into]);
      return;
    }
    case "PersonsSplit": {
      const { from } = event.data;
      await transaction.execute("update person set merged_into = null where id = $1", [from]);
      // With them go all who had been merged into them before.
      await transaction.execute(
        `with recursive household as (
           select id from person where id = $1
           union select person.id from person join household on person.merged_into = household.id
         )
         update person set main = $1 from household where person.id = household.id`,
        [from],
      );
      return;
    }
    case "PersonForgotten": {
      const { persons: gone } = event.data;
      await transaction.execute("update person set forgotten_at = $2 where id = any($1::uuid[])", [gone, at]);
      // The keys are destroyed, so the sealed parts are only ballast, and a hash must find nobody any more.
      await transaction.execute(
        `update record set email = null, phone = null, name = null, sealed = null
          where person_id = any($1::uuid[])`,
        [gone],
      );
    }
  }
}

function leadIn({ event, raw }: Known<IdentityEvent | SubmissionEvent>): LeadRow[] {
  if (event.type !== "PersonIdentified" || event.data.person_id === undefined) return [];
  const { submission_id: lead_id, person_id } = event.data;
  return [{ lead_id, person_id, position: raw.position }];
}
