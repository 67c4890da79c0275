// Who is known, as the contract shows them. Reads follow merges: whichever id is asked for, the answer is today's person.

import { comparable } from "#domain/identity/comparable.ts";
import { Details } from "#domain/identity/question.ts";
import { PersonId } from "#domain/ids.ts";
import { personContext } from "#domain/seal-contexts.ts";
import type { Database } from "#platform/database.ts";
import type { Vault } from "#platform/vault/vault.ts";
import { preparedOnce } from "../checkpoint.ts";
import { pageOf, positionOf } from "../cursor.ts";
import { positionWatch } from "../reached.ts";
import { shortHash } from "../short-hash.ts";
import { identitiesModel, type RecordRow } from "./projection.ts";

export interface Identity {
  readonly id: string;
  /** Null where unknown, or forgotten. */
  readonly email: string | null;
  readonly phone: string | null;
  readonly full_name: string | null;
  readonly aliases: readonly (Details & { readonly id: string })[];
  /** The newest submissions, newest first. */
  readonly leads: readonly string[];
  readonly lead_count: number;
  /** Only there when the person was forgotten. */
  readonly forgotten_at?: string;
}

export interface IdentityFilter {
  readonly email?: string | undefined;
  readonly phone?: string | undefined;
  readonly full_name?: string | undefined;
  /** 1 to 200. */
  readonly limit: number;
  readonly cursor?: string | undefined;
}

export interface IdentityQueries {
  /** Under which ids this person was known, with all who were merged into one with them. */
  samePerson(id: string): Promise<readonly string[]>;
  byId(id: string): Promise<Identity | undefined>;
  /** Those with a record that has all the given values, the newest first. Throws InvalidCursor. */
  list(filter: IdentityFilter): Promise<{ readonly items: Identity[]; readonly next_cursor?: string }>;
  position(): Promise<bigint>;
  reached(position: bigint, timeoutMs: number): Promise<boolean>;
}

interface PersonRow {
  readonly id: string;
  readonly position: bigint;
  readonly forgotten_at: Date | null;
}

interface MemberRecord extends RecordRow {
  readonly main: string;
}

const MAX_LEADS = 100;

export function createIdentityQueries({
  database,
  vault,
}: {
  readonly database: Database;
  readonly vault: Vault;
}): IdentityQueries {
  const ready = preparedOnce(database, identitiesModel);
  const watch = positionWatch(database, identitiesModel.name);

  async function complete(people: readonly PersonRow[]): Promise<Identity[]> {
    const ids = people.map(({ id }) => id);
    const [records, leads] = await Promise.all([
      database.query<MemberRecord>(
        `select record.*, person.main from identities.record join identities.person on person.id = record.person_id
          where person.main = any($1::uuid[]) order by record.position`,
        [ids],
      ),
      database.query<{ main: string; count: bigint; newest: string[] }>(
        `select main, count(*) as count, (array_agg(lead_id order by lead.position desc))[1:${MAX_LEADS}] as newest
           from identities.lead join identities.person on person.id = lead.person_id
          where person.main = any($1::uuid[]) group by main`,
        [ids],
      ),
    ]);
    const details = await detailsOf(records);
    return people.map(({ id, forgotten_at }) => {
      const own = records.filter((record) => record.main === id);
      const sent = leads.find(({ main }) => main === id);
      const { email, phone, full_name } = details.get(id) ?? {};
      return {
        id,
        email: email ?? null,
        phone: phone ?? null,
        full_name: full_name ?? null,
        aliases:
          forgotten_at === null
            ? own
                .filter((record) => record.id !== id)
                .map((record) => ({ id: record.id, ...details.get(record.id) }))
            : [],
        leads: sent?.newest ?? [],
        lead_count: Number(sent?.count ?? 0),
        ...(forgotten_at !== null && { forgotten_at: forgotten_at.toISOString() }),
      };
    });
  }

  async function detailsOf(records: readonly RecordRow[]): Promise<Map<string, Details>> {
    const readable = records.flatMap(({ id, person_id, sealed }) =>
      sealed === null ? [] : [{ id, sealed, context: personContext(person_id) }],
    );
    const opened = await vault.openReadable(readable);
    return new Map(
      readable.flatMap(({ id }, n) => {
        const details = Details.safeParse(opened[n]);
        return details.success ? [[id, details.data] as const] : [];
      }),
    );
  }

  return {
    async byId(id) {
      if (!PersonId.safeParse(id).success) return undefined;
      await ready();
      const people = await database.query<PersonRow>(
        `select main.id, main.position, main.forgotten_at from identities.record
           join identities.person on person.id = record.person_id
           join identities.person main on main.id = person.main
          where record.id = $1`,
        [id],
      );
      return (await complete(people))[0];
    },

    async list({ limit, cursor, ...wanted }) {
      await ready();
      const conditions = ["main.forgotten_at is null"];
      const params: unknown[] = [];
      const matching = Object.entries(comparable(wanted)).map(([field, value]) => {
        params.push(`${shortHash(vault.fingerprint(field, value))}`);
        return `record.${field} = $${params.length}`;
      });
      if (matching.length > 0)
        conditions.push(
          `main.id in (select person.main from identities.record
             join identities.person on person.id = record.person_id where ${matching.join(" and ")})`,
        );
      if (cursor !== undefined) {
        params.push(positionOf(cursor));
        conditions.push(`main.position < $${params.length}`);
      }
      const found = await database.query<PersonRow>(
        `select main.id, main.position, main.forgotten_at from identities.person main
          where main.merged_into is null and ${conditions.join(" and ")}
          order by main.position desc limit ${limit + 1}`,
        params,
      );
      const { rows, next } = pageOf(found, limit);
      return { items: await complete(rows), ...next };
    },

    async samePerson(id) {
      await ready();
      const all = await database.query<{ id: string }>(
        `select person.id from identities.person
          where main = (select main from identities.person where id = $1)`,
        [id],
      );
      return all.length === 0 ? [id] : all.map((one) => one.id);
    },
    position: () => ready().then(watch.position),
    reached: (position, timeoutMs) => ready().then(() => watch.reached(position, timeoutMs)),
  };
}
