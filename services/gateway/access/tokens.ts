// API tokens as PostgreSQL keeps them: a hash, and what may be known of each.
import type { Role } from "#domain/access/role.ts";
import type { Database } from "#platform/database.ts";
import { newUuid } from "#platform/ids.ts";
import { notFound } from "../admin/scope.ts";
import { Refused, refusal } from "../refusal.ts";
import { removeDraft } from "../rules/drafts.ts";
import type { Recorder } from "./record.ts";
import { hashOf, newToken } from "./secrets.ts";

export interface Token {
  readonly id: string;
  readonly name: string;
  readonly role: Role;
  readonly created_at: Date;
  readonly created_by: string;
  readonly expires_at: Date | null;
  readonly last_used_at: Date | null;
}

export interface NewToken {
  readonly name: string;
  readonly role: Role;
  readonly expires_at: Date | undefined;
}

export interface Tokens {
  list(): Promise<Token[]>;
  make(given: NewToken, by: string): Promise<{ readonly id: string; readonly token: string }>;
  revoke(id: string, by: string): Promise<void>;
}

export function createTokens(database: Database, recorder: Recorder): Tokens {
  return {
    list: () =>
      database.query<Token>(
        `select id, name, role, created_at, created_by, expires_at, last_used_at from access.tokens
          where revoked_at is null order by created_at desc, id`,
      ),

    make: ({ name, role, expires_at }, by) =>
      recorder.commit(async (within) => {
        const [id, token] = [newUuid(), newToken()];
        const made = await within.execute(
          `insert into access.tokens (id, hash, name, role, created_by, expires_at)
           values ($1, $2, $3, $4, $5, $6) on conflict do nothing`,
          [id, hashOf(token), name, role, by, expires_at ?? null],
        );
        if (made === 0) throw new Refused(TAKEN);
        const until = expires_at === undefined ? {} : { expires_at: expires_at.toISOString() };
        const data = { token_id: id, name, role, ...until };
        return { result: { id, token }, by, events: [{ type: "TokenMade", data }] };
      }),

    revoke: (id, by) =>
      recorder.commit(async (within) => {
        const [row] = await within.query<Pick<Token, "name" | "role">>(
          "update access.tokens set revoked_at = now() where id = $1 and revoked_at is null returning name, role",
          [id],
        );
        if (row === undefined) throw notFound();
        await within.execute("delete from access.sessions where token_id = $1", [id]);
        await removeDraft(within, { kind: "token", id });
        return { result: undefined, by, events: [{ type: "TokenRevoked", data: { token_id: id, ...row } }] };
      }),
  };
}

const TAKEN = refusal("conflict", {
  detail: "A token with this name is in use; revoke it first, or take another name",
});
