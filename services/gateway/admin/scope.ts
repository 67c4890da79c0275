// What the routes of people and programs share: who may use them, what of the responses is masked, and bodies that can do no harm.
import type { FastifyInstance, FastifyRequest } from "fastify";
import { BY_PERSON, describeGuard, requirePermission } from "../access/guard.ts";
import type { WhoAsks } from "../access/identify.ts";
import { maskPersonalData } from "../access/personal.ts";
import type { Recorder } from "../access/record.ts";
import { readJson } from "../http/json-body.ts";
import { describeScope, NO_BODY, type Routes } from "../http/route-schema.ts";
import { isRefusal, Refused, refusal } from "../refusal.ts";

/** A rule set is the largest thing that people configure. */
const BODY_LIMITS = { depth: 64, values: 200_000 };

export interface Admission {
  readonly identify: WhoAsks;
  readonly recorder: Pick<Recorder, "commit">;
}

export function adminScope({ identify, recorder }: Admission, routes: readonly Routes[]): Routes {
  return async (app) => {
    describeAdmin(app);
    requirePermission(app, identify);
    maskPersonalData(app, recorder);
    readBodiesSafely(app);
    for (const one of routes) await app.register(one);
  };
}

function describeAdmin(app: FastifyInstance): void {
  describeScope(app, describeGuard);
  describeScope(app, ({ method, schema }) => ({
    security: BY_PERSON,
    position: schema?.position ?? method !== "GET",
    refusals: [
      ...(["invalid", "unavailable"] as const),
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
}

export function readBodiesSafely(app: FastifyInstance): void {
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
