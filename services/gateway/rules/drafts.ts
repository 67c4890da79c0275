// Drafts of rules as PostgreSQL keeps them, one for each person or token. A draft is no event: nothing follows from it, and the log keeps for ever.
import type { Rule } from "#domain/rules/rule.ts";
import type { Database, Queryable } from "#platform/database.ts";
import { newUuid } from "#platform/ids.ts";
import type { Person } from "../access/person.ts";

export type DraftOwner = Pick<Person, "kind" | "id">;

export interface StoredDraft {
  readonly revision: string;
  readonly base_version: number;
  readonly rules: readonly Rule[];
  readonly saved_at: Date;
}

export type SavedDraft = Pick<StoredDraft, "revision" | "saved_at">;

export interface DraftToSave extends Pick<StoredDraft, "base_version" | "rules"> {
  /** The revision that it follows, null where there was none; any, where it is not said. */
  readonly expected: string | null | undefined;
}

export interface Drafts {
  of(owner: DraftOwner): Promise<StoredDraft | undefined>;
  /** Undefined where the one that is kept is of another revision than was expected. */
  save(owner: DraftOwner, draft: DraftToSave): Promise<SavedDraft | undefined>;
  /** False where the one that is kept is of another revision; one that is gone already is as it should be. */
  discard(owner: DraftOwner, expected: string | undefined): Promise<boolean>;
}

/** Whoever has the admin token is one. */
const keyOf = ({ kind, id }: DraftOwner): string => (id === undefined ? kind : `${kind}:${id}`);

const SAVED = "returning revision, saved_at";
const REPLACE = `insert into access.rule_drafts (owner, revision, base_version, rules) values ($1, $2, $3, $4)
  on conflict (owner) do update
    set revision = excluded.revision, base_version = excluded.base_version, rules = excluded.rules, saved_at = now() ${SAVED}`;
const BEGIN = `insert into access.rule_drafts (owner, revision, base_version, rules) values ($1, $2, $3, $4)
  on conflict do nothing ${SAVED}`;
const GO_ON = `update access.rule_drafts set revision = $2, base_version = $3, rules = $4, saved_at = now()
  where owner = $1 and revision = $5 ${SAVED}`;

export function createDrafts(database: Database): Drafts {
  async function of(owner: DraftOwner): Promise<StoredDraft | undefined> {
    const [row] = await database.query<Omit<StoredDraft, "rules"> & { readonly rules: string }>(
      "select revision, base_version, rules, saved_at from access.rule_drafts where owner = $1",
      [keyOf(owner)],
    );
    return row && { ...row, rules: JSON.parse(row.rules) };
  }
  return {
    of,
    async save(owner, { base_version, rules, expected }) {
      const values = [keyOf(owner), newUuid(), base_version, JSON.stringify(rules)];
      const [saved] =
        typeof expected === "string"
          ? await database.query<SavedDraft>(GO_ON, [...values, expected])
          : await database.query<SavedDraft>(expected === null ? BEGIN : REPLACE, values);
      return saved;
    },
    async discard(owner, expected) {
      const removed = await removeDraft(database, owner, expected);
      return removed > 0 || (await of(owner)) === undefined;
    },
  };
}

/** How many were removed: one or none. */
export const removeDraft = (within: Queryable, owner: DraftOwner, revision?: string): Promise<number> =>
  within.execute("delete from access.rule_drafts where owner = $1 and revision = coalesce($2, revision)", [
    keyOf(owner),
    revision ?? null,
  ]);
