// /api/login, /api/logout and /api/setup: coming in.
import type { FastifyReply } from "fastify";
import { z } from "zod";
import { Role, UserName } from "#domain/access/role.ts";
import { isWellFormed } from "#domain/well-formed.ts";
import { readBodiesSafely } from "../admin/scope.ts";
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
import { isFromElsewhere } from "./guard.ts";
import { sessionIn } from "./identify.ts";
import { Me, shownPerson } from "./me.ts";
import { ownRoutes } from "./own-routes.ts";
import { MAX_PASSWORD } from "./passwords.ts";
import type { SignedIn } from "./sign-in.ts";

const password = z.string().min(1).max(MAX_PASSWORD);
const secret = z.string().min(1).max(200);
const SignInBody = z
  .strictObject({
    name: z
      .string()
      .min(1)
      .max(200)
      .refine(isWellFormed, "has a NUL or half of a surrogate pair in it")
      .optional(),
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
    me: Me.optional().meta({ description: "Whose it is, as GET /api/me says it" }),
  })
  .register(responseSchemas, { id: "WaysToSignIn" });
const LinkToCheck = z.strictObject({ token: secret }).register(requestSchemas, { id: "SetUpLinkToCheck" });
const CheckedLink = z
  .object({ role: Role, name: z.string().optional(), expires_at: z.iso.datetime() })
  .register(responseSchemas, { id: "SetUpLink" });
const SetUp = z
  .strictObject({
    token: secret,
    password,
    name: UserName.optional().meta({ description: "Only where the link has none" }),
  })
  .register(requestSchemas, { id: "SetUp" });
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
      async (request) => {
        const person = await identify(request.headers);
        return {
          password: true,
          ...(oidcPath !== undefined && { oidc: { href: oidcPath } }),
          signed_in: person !== undefined,
          ...(person && { me: shownPerson(person) }),
        };
      },
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

  return async (app) => {
    readBodiesSafely(app);
    await app.register(open);
    await app.register(ownRoutes(access));
  };
}

function welcome(reply: FastifyReply, { secret: cookie, person }: SignedIn): z.infer<typeof Me> {
  setCookie(reply, cookie);
  return shownPerson(person);
}
