// Finds out who makes a request, by its bearer token or its session cookie.
//
// 1. What is known of a token or a session is trusted for MAX_TRUST_MS at most, and no longer once anything has changed, here or elsewhere.
// 2. What was looked up before a change is not kept after it.
// 3. The admin token needs no database: it works when nothing else does.
import { timingSafeEqual } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import { parseCookie } from "cookie";
import { LRUCache } from "lru-cache";
import { Role } from "#domain/access/role.ts";
import type { Database } from "#platform/database.ts";
import type { Lifecycle } from "#platform/lifecycle.ts";
import type { Log } from "#platform/log.ts";
import { Refused, refusal } from "../refusal.ts";
import { adminPerson, type Person, tokenPerson, userPerson } from "./person.ts";
import { ACCESS_CHANNEL, type Recorder } from "./record.ts";
import { hashOf, TOKEN_PREFIX } from "./secrets.ts";

export const SESSION_COOKIE = "switchyard_session";
const IDLE_MS = 30 * 60_000;
const MAX_TRUST_MS = 10_000;
const MAX_KNOWN = 10_000;
/** How often a session or a token says that it is used. */
const SEEN_EVERY_MS = 60_000;

/** Undefined where the request names nobody who may come in. */
export type WhoAsks = (headers: IncomingHttpHeaders) => Promise<Person | undefined>;

export interface Identify extends WhoAsks {
  isAdminToken(token: string): boolean;
  byToken(token: string): Promise<Person | undefined>;
  /** Whether a session or token that was let in is still; does not count as a use. */
  isStillIn(headers: IncomingHttpHeaders): Promise<boolean>;
}

export interface IdentifyParts {
  readonly database: Database;
  readonly adminToken: string;
  readonly recorder: Pick<Recorder, "onChange">;
  readonly lifecycle: Lifecycle;
  readonly log: Log;
}

interface Known {
  readonly table: "tokens" | "sessions";
  readonly id: string;
  /** Not to be used after this. */
  readonly endsAt: number;
  readonly idle: boolean;
  readonly checkedAt: number;
  lastSeenAt: number;
  writtenAt: number;
  person(lastSeenAt: number): Person;
}

interface TokenRow {
  readonly id: string;
  readonly name: string;
  readonly role: Role;
  readonly expires_at: Date | null;
  readonly last_used_at: Date | null;
}

interface SessionRow {
  readonly id: string;
  readonly admin_token: Buffer | null;
  readonly last_seen_at: Date;
  readonly expires_at: Date;
  readonly user_id: string | null;
  readonly token_id: string | null;
  readonly name: string | null;
  readonly role: Role | null;
}

const COLUMN = { tokens: "last_used_at", sessions: "last_seen_at" } as const;

export async function createIdentify({
  database,
  adminToken,
  recorder,
  lifecycle,
  log,
}: IdentifyParts): Promise<Identify> {
  const known = new LRUCache<string, { readonly value: Known | undefined; readonly at: number }>({
    max: MAX_KNOWN,
  });
  const adminHash = hashOf(adminToken);
  let generation = 0;
  const forget = (): void => {
    generation += 1; // 2
    known.clear();
  };
  recorder.onChange(forget);
  const listening = await database.listen(ACCESS_CHANNEL, forget);
  lifecycle.own("access", () => listening.close());

  async function tokenBy(hash: Buffer, now: number): Promise<Known | undefined> {
    const [row] = await database.query<TokenRow>(
      `select id, name, role, expires_at, last_used_at from access.tokens
        where hash = $1 and revoked_at is null and (expires_at is null or expires_at > now())`,
      [hash],
      { prepared: true },
    );
    if (row === undefined) return undefined;
    const role = Role.parse(row.role);
    return {
      table: "tokens",
      id: row.id,
      endsAt: row.expires_at?.getTime() ?? Number.POSITIVE_INFINITY,
      idle: false,
      checkedAt: now,
      lastSeenAt: now,
      writtenAt: row.last_used_at?.getTime() ?? 0,
      person: () => tokenPerson({ ...row, role }),
    };
  }

  async function sessionBy(hash: Buffer, now: number): Promise<Known | undefined> {
    const [row] = await database.query<SessionRow>(
      `select s.id, s.admin_token, s.last_seen_at, least(s.expires_at, t.expires_at) as expires_at,
              s.user_id, s.token_id, coalesce(u.name, t.name) as name, coalesce(u.role, t.role) as role
         from access.sessions s
         left join access.users u on u.id = s.user_id and u.removed_at is null
         left join access.tokens t on t.id = s.token_id and t.revoked_at is null
        where s.hash = $1`,
      [hash],
      { prepared: true },
    );
    if (row === undefined) return undefined;
    const { id, expires_at, admin_token, user_id, token_id, name } = row;
    const isAdmin = admin_token !== null && timingSafeEqual(admin_token, adminHash);
    const role = Role.safeParse(row.role).data;
    if (!isAdmin && (name === null || role === undefined)) return undefined;
    const session = (lastSeenAt: number) => ({ id, expires_at, idle_at: new Date(lastSeenAt + IDLE_MS) });
    const lastSeenAt = row.last_seen_at.getTime();
    return {
      table: "sessions",
      id,
      endsAt: expires_at.getTime(),
      idle: true,
      checkedAt: now,
      lastSeenAt,
      writtenAt: lastSeenAt,
      person(seenAt) {
        if (name === null || role === undefined) return adminPerson(session(seenAt));
        if (user_id !== null) return userPerson({ id: user_id, name, role }, session(seenAt));
        return tokenPerson({ id: token_id ?? "", name, role }, session(seenAt));
      },
    };
  }

  async function lookUp(secret: string, of: "tokens" | "sessions"): Promise<Known | undefined> {
    const hash = hashOf(secret);
    const key = `${of} ${hash.toString("base64")}`;
    const now = Date.now();
    const found = known.get(key);
    if (found !== undefined && now - found.at < MAX_TRUST_MS) return found.value; // 1
    const before = generation;
    const value = await (of === "tokens" ? tokenBy(hash, now) : sessionBy(hash, now)).catch(
      (error: unknown) => {
        log.warn({ err: error }, "sessions and tokens not read");
        throw new Refused(refusal("unavailable", { detail: UNREADABLE, retryAfterS: 1 }));
      },
    );
    const seen = found?.value;
    if (value !== undefined && seen !== undefined) {
      value.lastSeenAt = Math.max(value.lastSeenAt, seen.lastSeenAt);
      value.writtenAt = Math.max(value.writtenAt, seen.writtenAt);
    }
    if (before === generation) known.set(key, { value, at: now }); // 2
    return value;
  }

  const isOver = ({ endsAt, idle, lastSeenAt }: Known): boolean =>
    Date.now() >= endsAt || (idle && Date.now() - lastSeenAt >= IDLE_MS);

  async function used(secret: string, of: "tokens" | "sessions"): Promise<Person | undefined> {
    const found = await lookUp(secret, of);
    if (found === undefined || isOver(found)) return undefined;
    const now = Date.now();
    found.lastSeenAt = now;
    if (now - found.writtenAt > SEEN_EVERY_MS) {
      found.writtenAt = now;
      void database
        .execute(`update access.${found.table} set ${COLUMN[found.table]} = now() where id = $1`, [found.id])
        .catch((error: unknown) => log.warn({ err: error }, "use of a session or token not written"));
    }
    return found.person(now);
  }

  const isAdminToken = (token: string): boolean => timingSafeEqual(hashOf(token), adminHash);

  async function byToken(token: string): Promise<Person | undefined> {
    if (isAdminToken(token)) return adminPerson(); // 3
    return token.startsWith(TOKEN_PREFIX) ? used(token, "tokens") : undefined;
  }

  async function identify({ authorization, cookie }: IncomingHttpHeaders): Promise<Person | undefined> {
    if (authorization !== undefined) {
      const token = bearerIn(authorization);
      return token === undefined ? undefined : byToken(token);
    }
    const session = sessionIn(cookie);
    return session === undefined ? undefined : used(session, "sessions");
  }

  async function isStillIn({ authorization, cookie }: IncomingHttpHeaders): Promise<boolean> {
    const token = authorization === undefined ? undefined : bearerIn(authorization);
    if (token !== undefined && isAdminToken(token)) return true;
    const secret = token ?? sessionIn(cookie) ?? "";
    const found = await lookUp(secret, token === undefined ? "sessions" : "tokens");
    return found !== undefined && !isOver(found);
  }

  return Object.assign(identify, { isAdminToken, byToken, isStillIn });
}

const UNREADABLE =
  "Sessions and tokens can't be read now, as the database does not respond; repeat this after retry-after";

export const cookieIn = (cookie: string | undefined, name: string): string | undefined =>
  cookie === undefined ? undefined : parseCookie(cookie)[name];
export const sessionIn = (cookie: string | undefined): string | undefined => cookieIn(cookie, SESSION_COOKIE);

const bearerIn = (authorization: string): string | undefined => /^Bearer +(\S+)$/i.exec(authorization)?.[1];
