// GET /api/leads, /api/leads/:id and its timeline.
import type { FastifyPluginAsync, FastifyRequest } from "fastify";
import { z } from "zod";
import { Kind } from "#domain/submission/events.ts";
import { statuses } from "#domain/submission/machine.ts";
import { InvalidCursor, type Lead, type LeadQueries } from "#projections/leads/query.ts";
import { fitting, notFound } from "../admin/scope.ts";
import { Refused, refusal } from "../refusal.ts";
import { type CallerCheck, caller, requireCaller } from "./caller.ts";
import { tellFreshness } from "./freshness.ts";

const OneLead = z.object({ id: z.uuid() });

export const LeadStatus = z.enum(statuses);

export const LeadFilter = z.object({
  status: LeadStatus.optional(),
  partner: z.string().optional(),
  source: z.string().optional(),
  kind: Kind.optional(),
  person_id: z.uuid().optional(),
  q: z.string().max(300).optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z.string().max(500).optional(),
});

export function leadRoutes(queries: LeadQueries, check: CallerCheck): FastifyPluginAsync {
  async function oneOf(request: FastifyRequest): Promise<Lead> {
    const params = OneLead.safeParse(request.params);
    const lead = params.success ? await queries.byId(params.data.id) : undefined;
    if (lead === undefined || !maySee(request, lead)) throw notFound();
    return lead;
  }

  return async (app) => {
    requireCaller(app, check);
    tellFreshness(app, queries);

    app.get("/api/leads/:id", oneOf);

    app.get("/api/leads/:id/timeline", async (request) => {
      const { id } = await oneOf(request);
      return (await queries.timeline(id)) ?? { items: [] };
    });

    app.get("/api/leads", async (request) => {
      const filter = fitting(LeadFilter, request.query);
      const who = caller(request);
      if (who.is === "source" && filter.source !== undefined && filter.source !== who.source)
        return { items: [] };
      try {
        return await queries.list(who.is === "source" ? { ...filter, source: who.source } : filter);
      } catch (error) {
        if (!(error instanceof InvalidCursor)) throw error;
        throw new Refused(
          refusal("invalid", { errors: [{ path: "cursor", message: "is not one that was given out" }] }),
        );
      }
    });
  };
}

/** Somebody else's lead is to a source as if it were not there. */
function maySee(request: FastifyRequest, lead: Lead): boolean {
  const who = caller(request);
  return who.is === "admin" || who.source === lead.source;
}
