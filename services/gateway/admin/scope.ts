// What all admin routes share: the bearer token, and bodies that can do no harm.
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { BearerCheck } from "#platform/bearer.ts";
import { readJson } from "../http/json-body.ts";
import { sendRefusal } from "../http/problem.ts";
import { describeScope, NO_BODY, type Routes } from "../http/route-schema.ts";
import { isRefusal, Refused, refusal } from "../refusal.ts";

/** A rule set is the largest thing that people configure. */
const BODY_LIMITS = { depth: 64, values: 200_000 };

export function adminScope(isAdmin: BearerCheck, routes: readonly Routes[]): Routes {
  return async (app) => {
    requireAdmin(app, isAdmin);
    readBodiesSafely(app);
    for (const one of routes) await app.register(one);
  };
}

function requireAdmin(app: FastifyInstance, isAdmin: BearerCheck): void {
  describeScope(app, ({ method, schema }) => ({
    security: [{ admin: [] }],
    position: schema?.position ?? method !== "GET",
    refusals: [
      ...(["unauthorized", "invalid", "unavailable"] as const),
      ...(method === "GET"
        ? []
        : (["malformed", "unsupported_media_type", "too_large", "unacceptable"] as const)),
      // What an id names must be there; only PUT makes it.
      ...(schema?.params === undefined || method === "PUT" ? [] : (["not_found"] as const)),
    ],
  }));
  // A body where none is asked for is a misunderstanding that its sender should hear of.
  app.addHook("onRoute", (route) => {
    if (route.method !== "GET" && route.method !== "HEAD") route.schema = { body: NO_BODY, ...route.schema };
  });
  app.addHook("onRequest", async (request, reply) => {
    if (!isAdmin(request.headers.authorization)) return sendRefusal(reply, refusal("unauthorized"));
  });
}

function readBodiesSafely(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(
    "application/json",
    { parseAs: "buffer" },
    async (_request: FastifyRequest, body: Buffer) => {
      if (body.length === 0) return undefined;
      const object = readJson(body, BODY_LIMITS);
      if (isRefusal(object)) throw new Refused(object);
      return object;
    },
  );
}

export function notFound(): Refused {
  return new Refused(refusal("not_found"));
}
