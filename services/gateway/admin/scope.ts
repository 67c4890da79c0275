// What all admin routes share: the bearer token, bodies that can do no harm, and inputs that fit their schema.
import type { FastifyInstance, FastifyPluginAsync, FastifyRequest } from "fastify";
import type { z } from "zod";
import type { BearerCheck } from "../http/bearer.ts";
import { readJson } from "../http/json-body.ts";
import { parseInput } from "../http/parse.ts";
import { sendRefusal } from "../http/problem.ts";
import { isRefusal, type Refusal, Refused, refusal } from "../refusal.ts";

/** A rule set is the largest thing that anybody configures. */
const BODY_LIMITS = { depth: 64, values: 200_000 };

export function adminScope(isAdmin: BearerCheck, routes: readonly FastifyPluginAsync[]): FastifyPluginAsync {
  return async (app) => {
    requireAdmin(app, isAdmin);
    readBodiesSafely(app);
    for (const one of routes) await app.register(one);
  };
}

function requireAdmin(app: FastifyInstance, isAdmin: BearerCheck): void {
  app.addHook("onRequest", async (request, reply) => {
    if (!isAdmin(request.headers.authorization)) return sendRefusal(reply, refusal("unauthorized"));
  });
}

function readBodiesSafely(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(
    "application/json",
    { parseAs: "buffer" },
    async (_request: FastifyRequest, body: Buffer) =>
      body.length === 0 ? undefined : orRefused(readJson(body, BODY_LIMITS)),
  );
}

function orRefused<T>(result: T | Refusal): T {
  if (isRefusal(result)) throw new Refused(result);
  return result;
}

/** What was sent, when it fits; else everything that does not. `prefix` says where in the request it stood. */
export function fitting<S extends z.ZodType>(
  schema: S,
  input: unknown,
  otherwise: "invalid" | "unacceptable" = "invalid",
): z.infer<S> {
  return orRefused(parseInput(schema, input, otherwise));
}

export function notFound(): Refused {
  return new Refused(refusal("not_found"));
}
