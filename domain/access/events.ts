// Who may come in, who came, what they looked at and what they had rebuilt, for the audit. What counts is kept in PostgreSQL; these say how it came to be so.
// Stream: access. None of them holds a password, a token or a hash.
import { z } from "zod";
import { type EventOf, Instant } from "../event.ts";
import { Role } from "./role.ts";

export const ACCESS_STREAM = "access";

const user = z.object({ user_id: z.uuid(), name: z.string() });
const token = z.object({ token_id: z.uuid(), name: z.string() });

export const accessEvents = {
  UserInvited: { version: 1, schema: user.extend({ role: Role }) },
  /** A link to set a password with; of the first person without a name yet. */
  SetUpLinkMade: { version: 1, schema: z.object({ name: z.string().optional(), role: Role }) },
  UserSetUp: { version: 1, schema: user.extend({ role: Role }) },
  UserRoleChanged: { version: 1, schema: user.extend({ before: Role, role: Role }) },
  UserRemoved: { version: 1, schema: user.extend({ role: Role }) },
  PasswordChanged: { version: 1, schema: user },
  SessionsEnded: { version: 1, schema: user },
  TokenMade: { version: 1, schema: token.extend({ role: Role, expires_at: Instant.optional() }) },
  TokenRevoked: { version: 1, schema: token.extend({ role: Role }) },
  SignedIn: {
    version: 1,
    schema: z.object({ name: z.string(), how: z.enum(["password", "token", "set_up", "oidc"]) }),
  },
  SignedOut: { version: 1, schema: z.object({ name: z.string() }) },
  SignInLocked: { version: 1, schema: z.object({ name: z.string() }) },
  /** Of a read model. */
  RebuildRequested: { version: 1, schema: z.object({ projection: z.string() }) },
  PersonalDataShown: { version: 1, schema: z.object({ what: z.string(), reason: z.string() }) },
} as const;
export type AccessEvent = EventOf<typeof accessEvents>;
