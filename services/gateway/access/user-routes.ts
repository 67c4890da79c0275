// /api/users, /api/setup-links and /api/tokens: who may come in, and as what.
import type { FastifyRequest } from "fastify";
import { z } from "zod";
import { Role, TokenName, UserName } from "#domain/access/role.ts";
import {
  describeScope,
  noContent,
  type Routes,
  requestSchemas,
  responseSchemas,
} from "../http/route-schema.ts";
import { Refused, refusal } from "../refusal.ts";
import type { Access } from "./access.ts";
import { originOf } from "./guard.ts";
import { byOf } from "./person.ts";
import type { Token } from "./tokens.ts";
import type { SetUpLink, User } from "./users.ts";

const instant = z.iso.datetime();
const link = { setup_url: z.url(), setup_expires_at: instant };

export const ShownUser = z
  .object({
    id: z.uuid(),
    name: z.string(),
    role: Role,
    state: z.enum(["invited", "active"]),
    from: z.enum(["password", "oidc"]).meta({ description: "How they sign in" }),
    created_at: instant,
    last_sign_in_at: instant.optional(),
  })
  .register(responseSchemas, { id: "User" });
const ShownUsers = z.object({ items: z.array(ShownUser) }).register(responseSchemas, { id: "Users" });
const InvitedUser = ShownUser.extend(link).register(responseSchemas, { id: "InvitedUser" });
export const ShownLink = z.object(link).register(responseSchemas, { id: "NewSetUpLink" });
const Invitation = z
  .strictObject({ name: UserName, role: Role })
  .meta({ examples: [{ name: "Mira", role: "manager" }] })
  .register(requestSchemas, { id: "Invitation" });
const UserChange = z
  .strictObject({ role: Role })
  .meta({ examples: [{ role: "operator" }] })
  .register(requestSchemas, { id: "UserChange" });

export const ShownToken = z
  .object({
    id: z.uuid(),
    name: z.string(),
    role: Role,
    created_at: instant,
    created_by: z.string(),
    expires_at: instant.optional(),
    last_used_at: instant.optional().meta({ description: "To the minute" }),
  })
  .register(responseSchemas, { id: "Token" });
const ShownTokens = z.object({ items: z.array(ShownToken) }).register(responseSchemas, { id: "Tokens" });
const TokenToMake = z
  .strictObject({
    name: TokenName,
    role: Role,
    expires_at: z.iso.datetime({ offset: true }).optional().meta({ description: "Never, unless given" }),
  })
  .meta({ examples: [{ name: "nightly export", role: "auditor" }] })
  .register(requestSchemas, { id: "TokenToMake" });
const MadeToken = z
  .object({
    id: z.uuid(),
    name: z.string(),
    role: Role,
    token: z.string().meta({ description: "Shown this once" }),
    expires_at: instant.optional(),
  })
  .register(responseSchemas, { id: "MadeToken" });

const params = z.object({ id: z.uuid() });

export function userRoutes({ users }: Pick<Access, "users">): Routes {
  return async (app) => {
    // What is changed here is in force at once; the log hears of it a moment later.
    describeScope(app, () => ({ tags: ["Users and tokens"], position: false }));

    app.get(
      "/api/users",
      { schema: { summary: "Who may sign in", response: { 200: ShownUsers } } },
      async () => ({ items: (await users.list()).map(shownUser) }),
    );

    app.post(
      "/api/users",
      {
        schema: {
          summary: "Invite somebody: the link to set a password is shown this once",
          body: Invitation,
          response: { 201: InvitedUser },
          refusals: ["conflict"],
        },
      },
      async (request, reply) => {
        const user = await users.invite(request.body, byOf(request));
        return reply.code(201).send({ ...shownUser(user), ...shownLink(user, request) });
      },
    );

    app.get(
      "/api/users/:id",
      { schema: { summary: "One user", params, response: { 200: ShownUser }, refusals: ["not_found"] } },
      async (request) => shownUser(await users.byId(request.params.id)),
    );

    app.put(
      "/api/users/:id",
      {
        schema: {
          summary: "Give a user another role; their sessions end",
          params,
          body: UserChange,
          response: { 200: ShownUser },
          refusals: ["not_found"],
        },
      },
      async (request) => shownUser(await users.setRole(request.params.id, request.body.role, byOf(request))),
    );

    app.delete(
      "/api/users/:id",
      { schema: { summary: "Remove a user; the name stays taken", params, response: noContent } },
      async (request, reply) => {
        await users.remove(request.params.id, byOf(request));
        return reply.code(204).send();
      },
    );

    app.post(
      "/api/users/:id/setup",
      {
        schema: {
          summary: "Make a link by which a user sets a new password; the link before is worth nothing then",
          params,
          response: { 200: ShownLink },
        },
      },
      async (request) => shownLink(await users.newLink(request.params.id, byOf(request)), request),
    );

    app.delete(
      "/api/users/:id/sessions",
      { schema: { summary: "End all sessions of a user", params, response: noContent } },
      async (request, reply) => {
        await users.endSessions(request.params.id, byOf(request));
        return reply.code(204).send();
      },
    );

    app.post(
      "/api/setup-links",
      {
        schema: {
          summary: "Make the link by which the first admin comes in; only while nobody can sign in",
          response: { 201: ShownLink },
          refusals: ["conflict"],
        },
      },
      async (request, reply) =>
        reply.code(201).send(shownLink(await users.firstLink(byOf(request)), request)),
    );
  };
}

export function tokenRoutes({ tokens }: Pick<Access, "tokens">): Routes {
  return async (app) => {
    describeScope(app, () => ({ tags: ["Users and tokens"], position: false }));

    app.get(
      "/api/tokens",
      { schema: { summary: "Which tokens there are", response: { 200: ShownTokens } } },
      async () => ({ items: (await tokens.list()).map(shownToken) }),
    );

    app.post(
      "/api/tokens",
      {
        schema: {
          summary: "Make a token; it is shown this once",
          body: TokenToMake,
          response: { 201: MadeToken },
          refusals: ["conflict"],
        },
      },
      async (request, reply) => {
        const { name, role, expires_at } = request.body;
        const until = expires_at === undefined ? undefined : new Date(expires_at);
        if (until !== undefined && until.getTime() <= Date.now()) throw new Refused(ALREADY_OVER);
        const made = await tokens.make({ name, role, expires_at: until }, byOf(request));
        return reply
          .code(201)
          .send({ ...made, name, role, ...(until && { expires_at: until.toISOString() }) });
      },
    );

    app.delete(
      "/api/tokens/:id",
      { schema: { summary: "Revoke a token", params, response: noContent } },
      async (request, reply) => {
        await tokens.revoke(request.params.id, byOf(request));
        return reply.code(204).send();
      },
    );
  };
}

const ALREADY_OVER = refusal("unacceptable", {
  errors: [{ path: "expires_at", message: "must lie in the future" }],
});

function shownUser({ id, name, role, created_at, last_sign_in_at, can_sign_in, issuer }: User) {
  return {
    id,
    name,
    role,
    state: can_sign_in ? "active" : "invited",
    from: issuer === null ? "password" : "oidc",
    created_at: created_at.toISOString(),
    ...(last_sign_in_at && { last_sign_in_at: last_sign_in_at.toISOString() }),
  };
}

/** In the fragment, which no server sees and no log holds. */
const shownLink = ({ secret, expires_at }: SetUpLink, request: FastifyRequest) => ({
  setup_url: `${originOf(request)}/set-up#${secret}`,
  setup_expires_at: expires_at.toISOString(),
});

function shownToken({ created_at, expires_at, last_used_at, ...token }: Token) {
  return {
    ...token,
    created_at: created_at.toISOString(),
    ...(expires_at && { expires_at: expires_at.toISOString() }),
    ...(last_used_at && { last_used_at: last_used_at.toISOString() }),
  };
}
