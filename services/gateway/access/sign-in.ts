// Coming in: by name and password, by a token, by a set-up link, or by what an OpenID provider says.
import { nameKey, type Role } from "#domain/access/role.ts";
import type { Database, Queryable } from "#platform/database.ts";
import { Refused, refusal } from "../refusal.ts";
import { checkCounted, countAttempt, forgetFailures, lockName } from "./failures.ts";
import type { Identify } from "./identify.ts";
import { checkPassword, hashPassword, passwordProblem } from "./passwords.ts";
import { adminPerson, type Person, tokenPerson, userPerson } from "./person.ts";
import type { Recorder } from "./record.ts";
import { hashOf } from "./secrets.ts";
import {
  beginSession,
  endSession,
  endSessionsOf,
  SESSION_MS,
  type ShownSession,
  type Subject,
  sessionsOf,
} from "./sessions.ts";
import { insertUser } from "./users.ts";

export interface SignedIn {
  /** What the cookie holds. */
  readonly secret: string;
  readonly person: Person;
}

export interface SignIn {
  byPassword(name: string, password: string, userAgent: string | undefined): Promise<SignedIn>;
  byToken(token: string, userAgent: string | undefined): Promise<SignedIn>;
  byProvider(who: ProviderUser, userAgent: string | undefined): Promise<SignedIn>;
  checkLink(secret: string): Promise<CheckedLink>;
  bySetUp(given: SetUp, userAgent: string | undefined): Promise<SignedIn>;
  changePassword(
    person: Person,
    given: { readonly current: string; readonly password: string },
  ): Promise<void>;
  signOut(person: Person): Promise<void>;
  sessions(user: Person): Promise<ShownSession[]>;
  /** Whether it was theirs, and open. */
  endOwn(user: Person, session: string): Promise<boolean>;
}

/** As the provider says; the role follows from the groups. */
export interface ProviderUser {
  readonly issuer: string;
  readonly subject: string;
  readonly name: string;
  readonly role: Role;
}

export interface SetUp {
  readonly token: string;
  readonly password: string;
  readonly name?: string | undefined;
}

export interface CheckedLink {
  readonly role: Role;
  readonly name?: string;
  readonly expires_at: Date;
}

export interface SignInParts {
  readonly database: Database;
  readonly recorder: Recorder;
  readonly identify: Identify;
  readonly adminToken: string;
}

interface NamedUser {
  readonly id: string;
  readonly name: string;
  readonly role: Role;
}

interface UserRow extends NamedUser {
  readonly password: string | null;
}

interface LinkRow {
  readonly user_id: string | null;
  readonly role: Role;
  readonly name: string | null;
  readonly expires_at: Date;
}

export function createSignIn({ database, recorder, identify, adminToken }: SignInParts): SignIn {
  const sessionUntil = (): NonNullable<Person["session"]> => {
    const now = Date.now();
    return { id: "", expires_at: new Date(now + SESSION_MS), idle_at: new Date(now + 30 * 60_000) };
  };

  function begin(
    subject: Subject,
    person: Person,
    how: "password" | "token" | "set_up" | "oidc",
    userAgent: string | undefined,
    demandStill: (within: Queryable) => Promise<void> = async () => undefined,
  ): Promise<SignedIn> {
    return recorder.commit(async (within) => {
      await demandStill(within);
      const secret = await beginSession(within, subject, userAgent);
      if ("user" in subject)
        await within.execute("update access.users set last_sign_in_at = now() where id = $1", [subject.user]);
      const events = [{ type: "SignedIn", data: { name: person.name, how } } as const];
      return { result: { secret, person: { ...person, session: sessionUntil() } }, by: person.by, events };
    });
  }

  async function userBy(key: string): Promise<UserRow | undefined> {
    const [user] = await database.query<UserRow>(
      "select id, name, role, password from access.users where name_key = $1 and removed_at is null",
      [key],
    );
    return user;
  }

  async function linkBy(secret: string): Promise<LinkRow> {
    const [link] = await database.query<LinkRow>(
      `select l.user_id, coalesce(u.role, l.role) as role, u.name, l.expires_at
         from access.setup_links l left join access.users u on u.id = l.user_id
        where l.hash = $1 and l.expires_at > now()`,
      [hashOf(secret)],
    );
    if (link === undefined) throw new Refused(NO_LINK);
    return link;
  }

  /** Counted before the password is checked, and not where there was no room to check it. */
  async function attempt(key: string, password: string) {
    const { isLast } = await countAttempt(database, key);
    const user = await userBy(key);
    const checked = await checkCounted(database, key, checkPassword(password, user?.password ?? undefined));
    return { ...checked, user, isLast };
  }

  return {
    async byPassword(name, password, userAgent) {
      const key = nameKey(name.trim());
      // Once more where it was replaced meanwhile: the given one may be the new one, or the same hashed anew.
      for (;;) {
        const { user, isRight, isOutdated, isLast } = await attempt(key, password);
        if (!isRight || user === undefined) {
          if (isLast) {
            await lockName(database, key);
            if (user !== undefined)
              await recorder.commit(async () => ({
                result: undefined,
                by: "unknown",
                events: [{ type: "SignInLocked", data: { name: user.name } }],
              }));
          }
          throw new Refused(refusal("wrong_credentials"));
        }
        await forgetFailures(database, key);
        const stored = isOutdated ? await hashPassword(password) : user.password;
        const signedIn = await begin(
          { user: user.id },
          userPerson(user),
          "password",
          userAgent,
          async (within) => {
            if (!(await replacePassword(within, user, stored))) throw REPLACED;
          },
        ).catch((error: unknown) => {
          if (error !== REPLACED) throw error;
        });
        if (signedIn) return signedIn;
      }
    },

    async byToken(token, userAgent) {
      const person = await identify.byToken(token);
      if (person === undefined) throw new Refused(refusal("wrong_credentials"));
      if (person.kind === "admin") return begin({ adminToken }, adminPerson(), "token", userAgent);
      const { id = "", name, role } = person;
      return begin({ token: id }, tokenPerson({ id, name, role }), "token", userAgent);
    },

    async byProvider({ issuer, subject, name, role }, userAgent) {
      const user = await recorder.commit<NamedUser>(async (within) => {
        const [found] = await within.query<UserRow>(
          "select id, name, role, password from access.users where issuer = $1 and subject = $2 for update",
          [issuer, subject],
        );
        if (found === undefined) {
          const made = await insertUser(within, { name, role, issuer, subject });
          const data = { user_id: made.id, name, role };
          return { result: made, by: name, events: [{ type: "UserSetUp", data }] };
        }
        if (found.role === role) return { result: found, by: found.name, events: [] };
        await within.execute("update access.users set role = $2 where id = $1", [found.id, role]);
        await endSessionsOf(within, found.id);
        const data = { user_id: found.id, name: found.name, before: found.role, role };
        return { result: { ...found, role }, by: found.name, events: [{ type: "UserRoleChanged", data }] };
      });
      return begin({ user: user.id }, userPerson(user), "oidc", userAgent);
    },

    async checkLink(secret) {
      const { role, name, expires_at } = await linkBy(secret);
      return { role, expires_at, ...(name !== null && { name }) };
    },

    async bySetUp({ token, password, name: chosen }, userAgent) {
      const link = await linkBy(token);
      const name = link.name ?? chosen;
      if (name === undefined || (link.name !== null && chosen !== undefined))
        throw new Refused(
          refusal("unacceptable", { errors: [link.name === null ? NAME_NEEDED : NAME_GIVEN] }),
        );
      refuseWeak(password, name);
      const hash = await hashPassword(password);
      const user = await recorder.commit<NamedUser>(async (within) => {
        // The link is used up with the same commit: of two who follow it at once, one is too late.
        const used = await within.execute("delete from access.setup_links where hash = $1", [hashOf(token)]);
        if (used === 0) throw new Refused(NO_LINK);
        // A link for the first person is worth nothing once there is one.
        await within.execute("delete from access.setup_links where user_id is null");
        const { role, user_id } = link;
        if (user_id === null) {
          const made = await insertUser(within, { name, role, password: hash });
          const data = { user_id: made.id, name, role };
          return { result: made, by: name, events: [{ type: "UserSetUp", data }] };
        }
        await within.execute("update access.users set password = $2 where id = $1", [user_id, hash]);
        await endSessionsOf(within, user_id);
        const data = { user_id, name, role };
        return { result: { id: user_id, name, role }, by: name, events: [{ type: "UserSetUp", data }] };
      });
      await forgetFailures(database, nameKey(name));
      return begin({ user: user.id }, userPerson(user), "set_up", userAgent);
    },

    async changePassword({ name, by, session }, { current, password }) {
      const key = nameKey(name);
      const { user, isRight, isLast } = await attempt(key, current);
      if (!isRight || user === undefined) {
        if (isLast) await lockName(database, key);
        throw new Refused(NOT_THE_PASSWORD);
      }
      await forgetFailures(database, key);
      refuseWeak(password, name);
      const hash = await hashPassword(password);
      const { id } = user;
      await recorder.commit(async (within) => {
        if (!(await replacePassword(within, user, hash))) throw new Refused(NOT_THE_PASSWORD);
        await endSessionsOf(within, id, session?.id);
        return { result: undefined, by, events: [{ type: "PasswordChanged", data: { user_id: id, name } }] };
      });
    },

    async signOut({ name, by, session }) {
      if (session === undefined) return;
      await recorder.commit(async (within) => {
        const isEnded = await endSession(within, session.id);
        const events = isEnded ? [{ type: "SignedOut", data: { name } } as const] : [];
        return { result: undefined, by, events };
      });
    },

    sessions: ({ id = "" }) => sessionsOf(database, id),

    async endOwn({ id = "", name, by }, session) {
      const own = await sessionsOf(database, id);
      if (!own.some((one) => one.id === session)) return false;
      return recorder.commit(async (within) => {
        const isEnded = await endSession(within, session);
        return { result: isEnded, by, events: [{ type: "SignedOut", data: { name } }] };
      });
    },
  };
}

/** False where the password is not the one that was checked any more: somebody has replaced it since, or removed the user. */
async function replacePassword(
  within: Queryable,
  { id, password }: UserRow,
  stored: string | null,
): Promise<boolean> {
  const statement = "update access.users set password = $2 where id = $1 and password = $3";
  return (await within.execute(statement, [id, stored, password])) > 0;
}

function refuseWeak(password: string, name: string): void {
  const message = passwordProblem(password, name);
  if (message !== undefined)
    throw new Refused(refusal("unacceptable", { errors: [{ path: "password", message }] }));
}

const REPLACED = new Refused(refusal("wrong_credentials"));
const NO_LINK = refusal("not_found", {
  detail: "This link was used, has expired, or was replaced by a newer one; ask an admin for another",
});
const NAME_NEEDED = { path: "name", message: "is needed: nobody has given you one yet" };
const NAME_GIVEN = { path: "name", message: "was given with the invitation, and can't be chosen" };
const NOT_THE_PASSWORD = refusal("unacceptable", {
  errors: [{ path: "current", message: "is not the password that you have now" }],
});
