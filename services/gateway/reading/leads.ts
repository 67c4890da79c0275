// GET /api/leads, /api/leads/:id, its timeline and its decision.
import type { FastifyRequest } from "fastify";
import { z } from "zod";
import { Kind } from "#domain/submission/events.ts";
import { statuses } from "#domain/submission/machine.ts";
import type { Lead as FoundLead, LeadQueries } from "#projections/leads/query.ts";
import { Position, type Routes, responseSchemas } from "../http/route-schema.ts";
import { Refused, refusal } from "../refusal.ts";
import { type CallerCheck, caller, requireCaller } from "./caller.ts";
import { type DecisionParts, decisionOf, forSource, LeadDecision } from "./decision.ts";
import { reportPosition } from "./report-position.ts";

const LeadStatus = z.enum(statuses);
const count = z.int().nonnegative();

const Lead = z
  .object({
    id: z.uuid(),
    kind: Kind,
    source: z.string(),
    status: LeadStatus,
    person_id: z.uuid().optional(),
    alias_id: z.uuid().optional(),
    partner: z.string().optional(),
    attempts: count,
    reason: z.string().optional(),
    price: z.number().optional(),
    received_at: z.iso.datetime(),
    updated_at: z.iso.datetime(),
    payload: z.unknown().meta({ description: "As it came; null once the person is forgotten" }),
    forgotten: z.literal(true).optional(),
  })
  .register(responseSchemas, { id: "Lead" });

export const Leads = z
  .object({ items: z.array(Lead), next_cursor: z.string().optional() })
  .register(responseSchemas, { id: "Leads" });

const TimelineItem = z
  .looseObject({
    position: Position,
    at: z.iso.datetime(),
    type: z.string(),
    attempt: z.int().optional(),
    request: z.unknown().optional(),
    response: z.unknown().optional(),
    timings: z.object({ total_ms: z.number(), partner_ms: z.number(), overhead_ms: z.number() }).optional(),
  })
  .register(responseSchemas, { id: "TimelineItem" });

const Timeline = z.object({ items: z.array(TimelineItem) }).register(responseSchemas, { id: "Timeline" });

const LeadFilter = z.object({
  status: LeadStatus.optional(),
  partner: z.string().optional(),
  source: z.string().optional(),
  kind: Kind.optional(),
  person_id: z.uuid().optional(),
  q: z.string().max(300).optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z.string().max(500).optional(),
});

/** What is no UUID names no lead: 404 rather than invalid. */
const params = z.object({ id: z.string() });

export function leadRoutes(queries: LeadQueries, check: CallerCheck, decisions: DecisionParts): Routes {
  async function find(request: FastifyRequest, id: string): Promise<FoundLead> {
    const lead = await queries.byId(id);
    const who = caller(request);
    // To a source, the leads of others do not exist.
    if (lead === undefined || (who.is === "source" && who.source !== lead.source))
      throw new Refused(refusal("not_found"));
    return lead;
  }

  return async (app) => {
    requireCaller(app, check);
    reportPosition(app, queries);

    app.get(
      "/api/leads/:id",
      { schema: { summary: "One lead", params, response: { 200: Lead } } },
      (request) => find(request, request.params.id),
    );

    app.get(
      "/api/leads/:id/timeline",
      {
        schema: {
          summary: "Every event of a lead, with each delivery's request, response and timings",
          params,
          response: { 200: Timeline },
        },
      },
      async (request) => {
        const { id } = await find(request, request.params.id);
        return (await queries.timeline(id)) ?? { items: [] };
      },
    );

    app.get(
      "/api/leads/:id/decision",
      {
        schema: {
          summary: "Why a lead went where it went: each rule that was tried, and why no other partner has it",
          params,
          response: { 200: LeadDecision },
        },
      },
      async (request) => {
        const lead = await find(request, request.params.id);
        const { items = [] } = (await queries.timeline(lead.id)) ?? {};
        const decision = await decisionOf(lead, items, decisions);
        return caller(request).is === "source" ? forSource(decision) : decision;
      },
    );

    app.get(
      "/api/leads",
      { schema: { summary: "Leads, the newest first", querystring: LeadFilter, response: { 200: Leads } } },
      async (request) => {
        const filter = request.query;
        const who = caller(request);
        if (who.is === "admin") return queries.list(filter);
        if (filter.source !== undefined && filter.source !== who.source) return { items: [] };
        return queries.list({ ...filter, source: who.source });
      },
    );
  };
}
