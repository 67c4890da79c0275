// Users as PostgreSQL keeps them, and every change of one with what the log says of it.
import { nameKey, type Role } from "#domain/access/role.ts";
import type { Database, Queryable } from "#platform/database.ts";
import { newUuid } from "#platform/ids.ts";
import { notFound } from "../admin/scope.ts";
import { Refused, refusal } from "../refusal.ts";
import { removeDraft } from "../rules/drafts.ts";
import type { Recorder } from "./record.ts";
import { hashOf, newSessionSecret } from "./secrets.ts";
import { endSessionsOf } from "./sessions.ts";

export interface User {
  readonly id: string;
  readonly name: string;
  readonly role: Role;
  readonly created_at: Date;
  readonly last_sign_in_at: Date | null;
  readonly can_sign_in: boolean;
  readonly issuer: string | null;
}

/** What a link to set a password holds, and until when. */
export interface SetUpLink {
  readonly secret: string;
  readonly expires_at: Date;
}

export interface Users {
  list(): Promise<User[]>;
  byId(id: string): Promise<User>;
  invite(given: { readonly name: string; readonly role: Role }, by: string): Promise<User & SetUpLink>;
  setRole(id: string, role: Role, by: string): Promise<User>;
  remove(id: string, by: string): Promise<void>;
  endSessions(id: string, by: string): Promise<void>;
  newLink(id: string, by: string): Promise<SetUpLink>;
  /** For the first admin, who chooses a name. */
  firstLink(by: string): Promise<SetUpLink>;
}

const LINK_MS = 24 * 60 * 60_000;
const SHOWN = `id, name, role, created_at, last_sign_in_at, issuer,
  (password is not null or issuer is not null) as can_sign_in`;
/** Whoever makes the first link waits for whoever makes it beside them. */
const FIRST_LINK_LOCK = 0x5317_ace5;

export function createUsers(database: Database, recorder: Recorder): Users {
  async function found(within: Queryable, id: string, lock = ""): Promise<User> {
    const [user] = await within.query<User>(
      `select ${SHOWN} from access.users where id = $1 and removed_at is null ${lock}`,
      [id],
    );
    if (user === undefined) throw notFound();
    return user;
  }
  const locked = (within: Queryable, id: string): Promise<User> => found(within, id, "for update");

  return {
    list: () =>
      database.query<User>(`select ${SHOWN} from access.users where removed_at is null order by name_key`),
    byId: (id) => found(database, id),

    invite: ({ name, role }, by) =>
      recorder.commit(async (within) => {
        const user = await insertUser(within, { name, role });
        const link = await makeLink(within, { user: user.id, role });
        const data = { user_id: user.id, name, role };
        return { result: { ...user, ...link }, by, events: [{ type: "UserInvited", data }] };
      }),

    setRole: (id, role, by) =>
      recorder.commit(async (within) => {
        const before = await locked(within, id);
        if (before.role === role) return { result: before, by, events: [] };
        await within.execute("update access.users set role = $2 where id = $1", [id, role]);
        await endSessionsOf(within, id);
        const data = { user_id: id, name: before.name, before: before.role, role };
        return { result: { ...before, role }, by, events: [{ type: "UserRoleChanged", data }] };
      }),

    remove: (id, by) =>
      recorder.commit(async (within) => {
        const { name, role } = await locked(within, id);
        // The name stays taken: the audit must not call two people the same.
        await within.execute(
          `update access.users set removed_at = now(), password = null, issuer = null, subject = null where id = $1`,
          [id],
        );
        await endSessionsOf(within, id);
        await within.execute("delete from access.setup_links where user_id = $1", [id]);
        await removeDraft(within, { kind: "user", id });
        return {
          result: undefined,
          by,
          events: [{ type: "UserRemoved", data: { user_id: id, name, role } }],
        };
      }),

    endSessions: (id, by) =>
      recorder.commit(async (within) => {
        const { name } = await locked(within, id);
        await endSessionsOf(within, id);
        return { result: undefined, by, events: [{ type: "SessionsEnded", data: { user_id: id, name } }] };
      }),

    newLink: (id, by) =>
      recorder.commit(async (within) => {
        const { name, role } = await locked(within, id);
        const link = await makeLink(within, { user: id, role });
        return { result: link, by, events: [{ type: "SetUpLinkMade", data: { name, role } }] };
      }),

    firstLink: (by) =>
      recorder.commit(async (within) => {
        await within.query("select pg_advisory_xact_lock($1)", [FIRST_LINK_LOCK]);
        const [someone] = await within.query(
          `select id from access.users where removed_at is null and (password is not null or issuer is not null) limit 1`,
        );
        if (someone !== undefined) throw new Refused(NOT_THE_FIRST);
        const link = await makeLink(within, { user: null, role: "admin" });
        return { result: link, by, events: [{ type: "SetUpLinkMade", data: { role: "admin" } }] };
      }),
  };
}

interface NewUser {
  readonly name: string;
  readonly role: Role;
  readonly password?: string;
  readonly issuer?: string;
  readonly subject?: string;
}

export async function insertUser(
  within: Queryable,
  { name, role, password, issuer, subject }: NewUser,
): Promise<User> {
  const [user] = await within.query<User>(
    `insert into access.users (id, name, name_key, role, password, issuer, subject)
     values ($1, $2, $3, $4, $5, $6, $7) on conflict do nothing returning ${SHOWN}`,
    [newUuid(), name, nameKey(name), role, password ?? null, issuer ?? null, subject ?? null],
  );
  if (user === undefined) throw new Refused(TAKEN);
  return user;
}

/** In place of any that the same user had. */
async function makeLink(
  within: Queryable,
  { user, role }: { readonly user: string | null; readonly role: Role },
): Promise<SetUpLink> {
  await within.execute(
    "delete from access.setup_links where user_id is not distinct from $1 or expires_at < now()",
    [user],
  );
  const secret = newSessionSecret();
  const expires_at = new Date(Date.now() + LINK_MS);
  await within.execute(
    "insert into access.setup_links (hash, user_id, role, expires_at) values ($1, $2, $3, $4)",
    [hashOf(secret), user, role, expires_at],
  );
  return { secret, expires_at };
}

const TAKEN = refusal("conflict", {
  detail: "Somebody has this name, or had it: the audit must not call two people the same; take another",
});
const NOT_THE_FIRST = refusal("conflict", {
  detail: "Somebody can sign in already; an admin invites the others with POST /api/users",
});
