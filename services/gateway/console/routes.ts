// The console's files, as its build left them. Its screens have addresses of their own, so that one can be sent to a colleague: each
// answers with the same page, and what is no screen stays a 404 of the API.
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import fastifyStatic from "@fastify/static";
import type { FastifyReply } from "fastify";
import { z } from "zod";
import type { Log } from "#platform/log.ts";
import { sendRefusal } from "../http/problem.ts";
import type { Routes } from "../http/route-schema.ts";
import { refusal } from "../refusal.ts";

const DIST = fileURLToPath(new URL("../../../console/dist/", import.meta.url));

/** Everything from here, nothing inline, shown in no frame. */
const POLICY = "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

export const SCREENS = [
  "/",
  "/leads",
  "/leads/:id",
  "/rules",
  "/partners",
  "/partners/:id",
  "/dead-letters",
  "/campaigns",
  "/campaigns/:id",
  "/stats",
  "/sources",
  "/identities",
  "/identities/:id",
  "/audit",
  "/settings",
  "/sign-in",
  "/set-up",
] as const;

const NOT_BUILT = refusal("not_found", {
  detail:
    "The console is not built here; run npm start, or node deploy/local/install.mjs --services, and start again",
});

export function consoleRoutes(log: Log, folder = DIST): Routes {
  const isBuilt = existsSync(join(folder, "index.html"));
  if (!isBuilt) log.warn({ folder }, "console not built, only the api is served");

  return async (app) => {
    // What follows the question mark are the filters of a screen, which it reads itself.
    const hidden = { schema: { hide: true, querystring: z.looseObject({}) } };

    const page = (reply: FastifyReply): FastifyReply | Promise<FastifyReply> => {
      if (!isBuilt) return sendRefusal(reply, NOT_BUILT);
      return reply
        .header("content-security-policy", POLICY)
        .header("cache-control", "no-cache")
        .sendFile("index.html", { cacheControl: false });
    };

    if (isBuilt)
      await app.register(fastifyStatic, {
        root: folder,
        serve: false,
        preCompressed: true,
        decorateReply: true,
      });
    for (const path of SCREENS) app.get(path, hidden, (_request, reply) => page(reply));
    if (!isBuilt) return;

    // Known from the start: whatever a path tries to lead to, nothing else is read.
    const assets = new Set(readdirSync(join(folder, "assets")));
    app.get<{ Params: { "*": string } }>("/assets/*", hidden, (request, reply) => {
      const name = request.params["*"];
      if (!assets.has(name)) return sendRefusal(reply, refusal("not_found"));
      // The name changes with what is in it, so a copy is good for ever.
      return reply
        .header("content-security-policy", POLICY)
        .header("cache-control", "public, max-age=31536000, immutable")
        .sendFile(`assets/${name}`, { cacheControl: false });
    });
    app.get("/favicon.svg", hidden, (_request, reply) =>
      reply.header("cache-control", "public, max-age=86400").sendFile("favicon.svg", { cacheControl: false }),
    );
  };
}
