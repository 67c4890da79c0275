// /api/projections: how far the read models are, and having one built anew.
import type { FastifyPluginAsync } from "fastify";
import { z } from "zod";
import type { Bus } from "#platform/bus/bus.ts";
import { type ProgressQueries, requestRebuild } from "#projections/progress.ts";
import { fitting, notFound } from "./scope.ts";

const OneProjection = z.object({ name: z.string().regex(/^[a-z][a-z0-9_-]{0,62}$/) });

export function projectionRoutes(queries: ProgressQueries, bus: Bus): FastifyPluginAsync {
  return async (app) => {
    app.get("/api/projections", () => queries.list());

    app.post("/api/projections/:name/rebuild", async (request, reply) => {
      const { name } = fitting(OneProjection, request.params);
      if (!(await queries.list()).some((one) => one.name === name)) throw notFound();
      await requestRebuild(bus, name);
      return reply.code(202).send({ name, status: "rebuilding" });
    });
  };
}
