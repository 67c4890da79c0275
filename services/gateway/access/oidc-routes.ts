// /api/login/oidc: to the provider and back. A browser is led through both, so what goes wrong leads to the page where one signs in.
import { z } from "zod";
import { describeScope, type Routes } from "../http/route-schema.ts";
import { Refused } from "../refusal.ts";
import { setCookie } from "./cookies.ts";
import { originOf } from "./guard.ts";
import { cookieIn } from "./identify.ts";
import { Attempt, type Oidc } from "./oidc.ts";
import type { SignIn } from "./sign-in.ts";

export const OIDC_PATH = "/api/login/oidc";
const CALLBACK_PATH = `${OIDC_PATH}/callback`;
const COOKIE = { name: "switchyard_oidc", maxAgeS: 600, path: OIDC_PATH };

/** Of this site: neither `//host` nor `/\host`, which browsers take for other ones. */
const To = z
  .string()
  .max(500)
  .regex(/^\/(?![/\\])[^\p{Cc}]*$/u, "must be a path of this site");
const Remembered = Attempt.extend({ to: To });
const moved = { 302: z.void() };

export interface OidcRoutesParts {
  readonly oidc: Oidc;
  readonly signIn: SignIn;
}

export function oidcRoutes({ oidc, signIn }: OidcRoutesParts): Routes {
  return async (app) => {
    describeScope(app, () => ({ tags: ["Signing in"], security: [] }));

    app.get(
      OIDC_PATH,
      {
        schema: {
          summary: "Sign in through the OpenID provider",
          querystring: z.object({ to: To.default("/").meta({ description: "Where to go afterwards" }) }),
          response: moved,
        },
      },
      async (request, reply) => {
        try {
          const { url, attempt } = await oidc.begin(`${originOf(request)}${CALLBACK_PATH}`);
          const remembered = JSON.stringify({ ...attempt, to: request.query.to });
          setCookie(reply, Buffer.from(remembered).toString("base64url"), COOKIE);
          return reply.redirect(url.href);
        } catch (error) {
          request.log.warn({ err: error }, "OpenID provider not reached");
          return reply.redirect("/sign-in?error=failed");
        }
      },
    );

    app.get(
      CALLBACK_PATH,
      {
        exposeHeadRoute: false,
        schema: {
          summary: "Where the provider sends the browser back",
          // Whatever the provider adds.
          querystring: z.looseObject({}),
          response: moved,
        },
      },
      async (request, reply) => {
        const remembered = rememberedIn(cookieIn(request.headers.cookie, COOKIE.name));
        setCookie(reply, "", COOKIE);
        if (remembered === undefined) return reply.redirect("/sign-in?error=failed");
        try {
          const who = await oidc.finish(new URL(request.url, originOf(request)), remembered);
          if (who === undefined) return reply.redirect("/sign-in?error=not_allowed");
          const { secret } = await signIn.byProvider(who, request.headers["user-agent"]);
          setCookie(reply, secret);
          return reply.redirect(remembered.to);
        } catch (error) {
          const isTaken = error instanceof Refused && error.refusal.reason === "conflict";
          request.log.warn({ err: error }, "sign-in through the OpenID provider failed");
          return reply.redirect(`/sign-in?error=${isTaken ? "name_taken" : "failed"}`);
        }
      },
    );
  };
}

function rememberedIn(cookie: string | undefined): z.infer<typeof Remembered> | undefined {
  try {
    return Remembered.parse(JSON.parse(Buffer.from(cookie ?? "", "base64url").toString("utf8")));
  } catch {
    return undefined;
  }
}
