// /api/login, /api/logout, /api/setup and /api/me: coming in, and what everybody may know and do about themselves.
import type { FastifyReply } from "fastify";
import { z } from "zod";
import { Role, UserName } from "#domain/access/role.ts";
import { notFound, readBodiesSafely } from "../admin/scope.ts";
import {
  describeScope,
  NO_BODY,
  noContent,
  type Routes,
  requestSchemas,
  responseSchemas,
} from "../http/route-schema.ts";
import { Refused, refusal } from "../refusal.ts";
import type { Access } from "./access.ts";
import { setCookie } from "./cookies.ts";
import { BY_PERSON, describeGuard, identified, isFromElsewhere } from "./guard.ts";
import { sessionIn } from "./identify.ts";
import { MAX_PASSWORD } from "./passwords.ts";
import { may, permissionsOf } from "./permissions.ts";
import { type Person, personOf } from "./person.ts";
import type { SignedIn } from "./sign-in.ts";

const instant = z.iso.datetime();

const Me = z
  .object({
    name: z.string(),
    kind: z.enum(["user", "token", "admin"]),
    role: Role,
    permissions: z.array(z.string()).meta({ description: "As docs/permissions.md names them" }),
    personal_data: z.enum(["shown", "on_request", "masked"]),
    session: z
      .object({ expires_at: instant, idle_at: instant })
      .optional()
      .meta({ description: "`idle_at`: when it ends unless something is asked before" }),
  })
  .register(responseSchemas, { id: "Me" });

const password = z.string().min(1).max(MAX_PASSWORD);
const secret = z.string().min(1).max(200);
const SignInBody = z
  .strictObject({
    name: z.string().min(1).max(200).optional(),
    password: password.optional(),
    token: secret.optional(),
  })
  .refine(
    ({ name, password, token }) =>
      token === undefined
        ? name !== undefined && password !== undefined
        : name === undefined && password === undefined,
    "takes either name and password, or token",
  )
  .meta({ examples: [{ name: "Ada", password: "a long one of many words" }] })
  .register(requestSchemas, { id: "SignIn" });
const WaysToSignIn = z
  .object({
    password: z.literal(true),
    oidc: z.object({ href: z.string() }).optional(),
    signed_in: z.boolean().meta({ description: "Whether the request has a session or token that holds" }),
  })
  .register(responseSchemas, { id: "WaysToSignIn" });
const LinkToCheck = z.strictObject({ token: secret }).register(requestSchemas, { id: "SetUpLinkToCheck" });
const CheckedLink = z
  .object({ role: Role, name: z.string().optional(), expires_at: instant })
  .register(responseSchemas, { id: "SetUpLink" });
const SetUp = z
  .strictObject({
    token: secret,
    password,
    name: UserName.optional().meta({ description: "Only where the link has none" }),
  })
  .register(requestSchemas, { id: "SetUp" });
const PasswordChange = z
  .strictObject({ current: password, password })
  .register(requestSchemas, { id: "PasswordChange" });
export const OwnSessions = z
  .object({
    items: z.array(
      z.object({
        id: z.uuid(),
        started_at: instant,
        last_seen_at: instant,
        expires_at: instant,
        user_agent: z.string().optional(),
        current: z.boolean(),
      }),
    ),
  })
  .register(responseSchemas, { id: "OwnSessions" });

export interface SignInRoutesParts {
  readonly access: Access;
  /** Where signing in through a provider begins; undefined where none is configured. */
  readonly oidcPath: string | undefined;
}

export function signInRoutes({ access, oidcPath }: SignInRoutesParts): Routes {
  const { signIn, identify } = access;

  const open: Routes = async (app) => {
    describeScope(app, ({ method }) => ({
      tags: ["Signing in"],
      security: [],
      refusals:
        method === "GET"
          ? ["unavailable"]
          : [
              "malformed",
              "unsupported_media_type",
              "too_large",
              "unacceptable",
              "cross_origin",
              "unavailable",
            ],
    }));
    // Else another site could sign somebody in as somebody else, and see what they then do.
    app.addHook("onRequest", async (request) => {
      if (request.method === "POST" && isFromElsewhere(request)) throw new Refused(refusal("cross_origin"));
    });

    app.get(
      "/api/login",
      { schema: { summary: "How one may sign in here", response: { 200: WaysToSignIn } } },
      async (request) => ({
        password: true,
        ...(oidcPath !== undefined && { oidc: { href: oidcPath } }),
        signed_in: (await identify(request.headers)) !== undefined,
      }),
    );

    app.post(
      "/api/login",
      {
        schema: {
          summary: "Sign in by name and password, or by a token; the session is a cookie",
          body: SignInBody,
          response: { 200: Me },
          refusals: ["wrong_credentials", "rate_limited"],
        },
      },
      async (request, reply) => {
        const { name = "", password: given = "", token } = request.body;
        const agent = request.headers["user-agent"];
        const signedIn =
          token === undefined ? signIn.byPassword(name, given, agent) : signIn.byToken(token, agent);
        return welcome(reply, await signedIn);
      },
    );

    app.post(
      "/api/logout",
      { schema: { summary: "End the session", body: NO_BODY, response: noContent } },
      async (request, reply) => {
        if (sessionIn(request.headers.cookie) !== undefined) {
          const { authorization: _, ...headers } = request.headers;
          const person = await identify(headers);
          if (person !== undefined) await signIn.signOut(person);
        }
        setCookie(reply, "");
        return reply.code(204).send();
      },
    );

    app.post(
      "/api/setup/check",
      {
        schema: {
          summary: "What a set-up link is for",
          body: LinkToCheck,
          response: { 200: CheckedLink },
          refusals: ["not_found"],
        },
      },
      async ({ body: { token } }) => {
        const { expires_at, ...link } = await signIn.checkLink(token);
        return { ...link, expires_at: expires_at.toISOString() };
      },
    );

    app.post(
      "/api/setup",
      {
        schema: {
          summary: "Set a password by a set-up link, which is used up, and sign in",
          body: SetUp,
          response: { 200: Me },
          refusals: ["not_found", "conflict", "rate_limited"],
        },
      },
      async (request, reply) =>
        welcome(reply, await signIn.bySetUp(request.body, request.headers["user-agent"])),
    );
  };

  const own: Routes = async (app) => {
    describeScope(app, describeGuard);
    describeScope(app, ({ method }) => ({
      tags: ["Signing in"],
      security: BY_PERSON,
      refusals:
        method === "GET"
          ? ["unavailable"]
          : ["malformed", "unsupported_media_type", "too_large", "unacceptable", "unavailable"],
    }));
    app.addHook("onRequest", async (request) => {
      if ((await identified(request, identify)) === undefined) throw new Refused(refusal("unauthorized"));
    });

    app.get(
      "/api/me",
      { schema: { summary: "Who asks, and what they may do", response: { 200: Me } } },
      async (request) => shownPerson(personOf(request)),
    );

    app.post(
      "/api/me/password",
      {
        schema: {
          summary: "Change the own password; all other sessions end",
          body: PasswordChange,
          response: noContent,
          refusals: ["conflict", "rate_limited"],
        },
      },
      async (request, reply) => {
        await signIn.changePassword(asUser(personOf(request)), request.body);
        return reply.code(204).send();
      },
    );

    app.get(
      "/api/me/sessions",
      { schema: { summary: "The own sessions", response: { 200: OwnSessions }, refusals: ["conflict"] } },
      async (request) => {
        const person = asUser(personOf(request));
        const sessions = await signIn.sessions(person);
        return {
          items: sessions.map(({ id, started_at, last_seen_at, expires_at, user_agent }) => ({
            id,
            started_at: started_at.toISOString(),
            last_seen_at: last_seen_at.toISOString(),
            expires_at: expires_at.toISOString(),
            ...(user_agent !== null && { user_agent }),
            current: id === person.session?.id,
          })),
        };
      },
    );

    app.delete(
      "/api/me/sessions/:id",
      {
        schema: {
          summary: "End one of the own sessions",
          params: z.object({ id: z.uuid() }),
          body: NO_BODY,
          response: noContent,
          refusals: ["conflict", "not_found"],
        },
      },
      async (request, reply) => {
        const isEnded = await signIn.endOwn(asUser(personOf(request)), request.params.id);
        if (!isEnded) throw notFound();
        return reply.code(204).send();
      },
    );
  };

  return async (app) => {
    readBodiesSafely(app);
    await app.register(open);
    await app.register(own);
  };
}

function welcome(reply: FastifyReply, { secret: cookie, person }: SignedIn): z.infer<typeof Me> {
  setCookie(reply, cookie);
  return shownPerson(person);
}

function asUser(person: Person): Person {
  if (person.kind === "user") return person;
  throw new Refused(
    refusal("conflict", { detail: "Only a user has a password and sessions of their own; this is a token" }),
  );
}

function shownPerson({ name, kind, role, session }: Person): z.infer<typeof Me> {
  const isShown = may(role, "personal_data.read");
  return {
    name,
    kind,
    role,
    permissions: permissionsOf(role),
    personal_data: isShown ? "shown" : may(role, "personal_data.unmask") ? "on_request" : "masked",
    ...(session && {
      session: { expires_at: session.expires_at.toISOString(), idle_at: session.idle_at.toISOString() },
    }),
  };
}
