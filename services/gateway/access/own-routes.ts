// /api/me: what everybody who is let in may know and do about themselves.
import { z } from "zod";
import { notFound } from "../admin/scope.ts";
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
import { BY_PERSON, describeGuard, identified } from "./guard.ts";
import { Me, shownPerson } from "./me.ts";
import { MAX_PASSWORD } from "./passwords.ts";
import { type Person, personOf } from "./person.ts";

const instant = z.iso.datetime();
const password = z.string().min(1).max(MAX_PASSWORD);
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

export function ownRoutes({ signIn, identify }: Pick<Access, "signIn" | "identify">): Routes {
  return async (app) => {
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
}

function asUser(person: Person): Person {
  if (person.kind === "user") return person;
  throw new Refused(
    refusal("conflict", { detail: "Only a user has a password and sessions of their own; this is a token" }),
  );
}
