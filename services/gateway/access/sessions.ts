// Sessions as PostgreSQL keeps them: begun, seen, ended.
import type { Queryable } from "#platform/database.ts";
import { newUuid } from "#platform/ids.ts";
import { hashOf, newSessionSecret } from "./secrets.ts";

export const SESSION_MS = 12 * 60 * 60_000;
const MAX_USER_AGENT = 300;

/** Whose session: a user's, a token's, or that of whoever has the admin token. */
export type Subject =
  | { readonly user: string }
  | { readonly token: string }
  | { readonly adminToken: string };

export interface ShownSession {
  readonly id: string;
  readonly started_at: Date;
  readonly last_seen_at: Date;
  readonly expires_at: Date;
  readonly user_agent: string | null;
}

/** Gives the secret that the cookie holds. */
export async function beginSession(
  transaction: Queryable,
  subject: Subject,
  userAgent: string | undefined,
): Promise<string> {
  const secret = newSessionSecret();
  // Those that are over are of no use to anybody.
  await transaction.execute(
    "delete from access.sessions where expires_at < now() or last_seen_at < now() - interval '30 minutes'",
  );
  await transaction.execute(
    `insert into access.sessions (id, hash, user_id, token_id, admin_token, user_agent, expires_at)
     values ($1, $2, $3, $4, $5, $6, now() + $7 * interval '1 ms')`,
    [
      newUuid(),
      hashOf(secret),
      "user" in subject ? subject.user : null,
      "token" in subject ? subject.token : null,
      "adminToken" in subject ? hashOf(subject.adminToken) : null,
      userAgent?.slice(0, MAX_USER_AGENT).replaceAll("\0", "") ?? null,
      SESSION_MS,
    ],
  );
  return secret;
}

/** Whether it was there. */
export const endSession = async (transaction: Queryable, id: string): Promise<boolean> =>
  (await transaction.execute("delete from access.sessions where id = $1", [id])) > 0;

/** All of a user, or all but one. */
export const endSessionsOf = (transaction: Queryable, user: string, but?: string): Promise<number> =>
  transaction.execute("delete from access.sessions where user_id = $1 and id is distinct from $2", [
    user,
    but ?? null,
  ]);

export const sessionsOf = (database: Queryable, user: string): Promise<ShownSession[]> =>
  database.query<ShownSession>(
    `select id, started_at, last_seen_at, expires_at, user_agent from access.sessions
      where user_id = $1 and expires_at > now() and last_seen_at > now() - interval '30 minutes'
      order by started_at desc`,
    [user],
  );
