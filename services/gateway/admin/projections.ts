// /api/projections: how far the read models are, and rebuilding them.
import { z } from "zod";
import type { Bus } from "#platform/bus/bus.ts";
import { skipReasons } from "#projections/decoding.ts";
import { type ProgressQueries, requestRebuild } from "#projections/progress.ts";
import { byOf } from "../access/person.ts";
import type { Recorder } from "../access/record.ts";
import { describeScope, Position, type Routes, responseSchemas } from "../http/route-schema.ts";
import { notFound } from "./scope.ts";

const Comparison = z.object({
  position: Position,
  equal: z.boolean(),
  tables: z.array(
    z.object({
      table: z.string(),
      rows: z.int().nonnegative(),
      rebuilt_rows: z.int().nonnegative(),
      equal: z.boolean(),
    }),
  ),
});

export const Projection = z
  .object({
    name: z.string(),
    position: Position,
    lag: z.int().nonnegative(),
    rebuilt_at: z.iso.datetime().nullable(),
    skipped: z
      .int()
      .nonnegative()
      .meta({ description: "Events that it has passed over, since it can't read or write them" }),
    compared: Comparison.optional().meta({
      description:
        "Of the last rebuild: its rows beside those that were in use until then, at the same position. The rebuilt ones are served, equal or not",
    }),
    beyond_log: z.literal(true).optional().meta({
      description: "The log was restored from an older copy and ends before this; it is rebuilt by itself",
    }),
    rebuilding: z
      .object({ position: Position, of: Position, events_per_second: z.int().nonnegative() })
      .optional()
      .meta({ description: "How far a rebuild has come, where the log ends now, and how fast it is" }),
  })
  .register(responseSchemas, { id: "Projection" });
const Projections = z.array(Projection).register(responseSchemas, { id: "Projections" });
const SkippedEvents = z
  .object({
    items: z.array(
      z.object({
        position: Position,
        at: z.iso.datetime().meta({ description: "When the event store took it in" }),
        stream: z.string(),
        revision: z.string().regex(/^\d+$/),
        type: z.string(),
        reason: z.enum(skipReasons).meta({
          description:
            "unknown_type: nobody of ours writes it. unreadable: its data fit no schema. impossible: it can't have happened after what happened before. failed: PostgreSQL takes no such row",
        }),
      }),
    ),
    next_cursor: z.string().optional(),
    not_listed: z
      .int()
      .nonnegative()
      .meta({ description: "How many older ones are counted in `skipped` and no longer listed" }),
  })
  .register(responseSchemas, { id: "SkippedEvents" });
const Rebuilding = z
  .object({ name: z.string(), status: z.literal("rebuilding") })
  .register(responseSchemas, { id: "Rebuilding" });

const params = z.object({ name: z.string().regex(/^[a-z][a-z0-9_-]{0,62}$/) });
const SkippedPage = z.object({
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z.string().max(500).optional(),
});

export interface ProjectionRoutesParts {
  readonly queries: ProgressQueries;
  readonly bus: Bus;
  readonly recorder: Pick<Recorder, "commit">;
}

export function projectionRoutes({ queries, bus, recorder }: ProjectionRoutesParts): Routes {
  return async (app) => {
    describeScope(app, () => ({ tags: ["Operations"] }));

    app.get(
      "/api/projections",
      { schema: { summary: "How far the read models are", response: { 200: Projections } } },
      () => queries.list(),
    );

    app.get(
      "/api/projections/:name/skipped",
      {
        schema: {
          summary: "Which events a read model has passed over, the newest first",
          params,
          querystring: SkippedPage,
          response: { 200: SkippedEvents },
        },
      },
      async (request) => {
        const page = await queries.skipped(request.params.name, request.query);
        if (page === undefined) throw notFound();
        return page;
      },
    );

    app.post(
      "/api/projections/:name/rebuild",
      {
        schema: {
          summary: "Rebuild a read model",
          params,
          response: { 202: Rebuilding },
          position: false,
        },
      },
      async (request, reply) => {
        const { name } = request.params;
        if (!(await queries.list()).some((one) => one.name === name)) throw notFound();
        // Recorded where it has begun: what nobody took up changed nothing.
        await recorder.commit(async () => ({
          result: await requestRebuild(bus, name),
          by: byOf(request),
          events: [{ type: "RebuildRequested", data: { projection: name } }],
        }));
        return reply.code(202).send({ name, status: "rebuilding" });
      },
    );
  };
}
