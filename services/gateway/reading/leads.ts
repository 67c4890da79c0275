// GET /api/leads, /api/leads/:id, its timeline and its decision.
import type { FastifyRequest } from "fastify";
import { z } from "zod";
import { RuleId } from "#domain/ids.ts";
import { Kind } from "#domain/submission/events.ts";
import { statuses } from "#domain/submission/machine.ts";
import { asPosition } from "#projections/cursor.ts";
import type { IdentityQueries } from "#projections/identities/query.ts";
import type { Lead as FoundLead, TimelineItem as Item, LeadQueries, When } from "#projections/leads/query.ts";
import { moment } from "../http/moment.ts";
import { Position, type Routes, responseSchemas } from "../http/route-schema.ts";
import { Refused, refusal } from "../refusal.ts";
import { type CallerCheck, caller, requireCaller } from "./caller.ts";
import { type DecisionParts, decisionOf, forSource, LeadDecision } from "./decision.ts";
import { reportPosition } from "./report-position.ts";

const NOT_YET = "At that time the lead was not received yet; ask for a later time or position";
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

export const Timeline = z
  .object({ items: z.array(TimelineItem) })
  .register(responseSchemas, { id: "Timeline" });

const AsItWas = z.object({
  at: z
    .string()
    .transform((text, context): When => {
      const when = asPosition(text) ?? moment.safeParse(text).data;
      if (when === undefined)
        context.addIssue({
          code: "custom",
          message: "must be a position of the log, a date, or a time with its zone",
        });
      return when ?? z.NEVER;
    })
    .optional()
    .meta({ description: "A time or a position of the log: the lead as it was then" }),
});

const LeadFilter = z.object({
  status: LeadStatus.optional(),
  partner: z.string().optional(),
  source: z.string().optional(),
  kind: Kind.optional(),
  person_id: z.uuid().optional(),
  rule: RuleId.optional(),
  from: moment.optional().meta({ description: "Received then or later" }),
  to: moment.optional().meta({ description: "Received before then" }),
  q: z.string().max(300).optional().meta({ description: "An e-mail address, phone, name or id, exactly" }),
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z.string().max(500).optional(),
});

/** Outcomes, reasons and times. Where and how its leads are delivered is between us and the partners. */
const SHOWN_TO_SOURCES = [
  ...["position", "at", "type", "attempt", "attempts", "partner", "reason", "price", "timings"],
  ...["started_at", "retry_at", "until", "stage", "cause"],
];

function shownToSource(item: Item): object {
  return Object.fromEntries(
    SHOWN_TO_SOURCES.filter((name) => name in item).map((name) => [name, item[name]]),
  );
}

/** What is no UUID names no lead: 404 rather than invalid. */
const params = z.object({ id: z.string() });

export interface LeadRoutesParts {
  readonly queries: LeadQueries;
  readonly identities: Pick<IdentityQueries, "samePerson">;
  readonly check: CallerCheck;
  readonly decisions: DecisionParts;
}

export function leadRoutes({ queries, identities, check, decisions }: LeadRoutesParts): Routes {
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
      { schema: { summary: "One lead", params, querystring: AsItWas, response: { 200: Lead } } },
      async (request) => {
        const lead = await find(request, request.params.id);
        const { at } = request.query;
        const then = at === undefined ? lead : await queries.byIdAt(lead.id, at);
        if (then === undefined) throw new Refused(refusal("not_found", { detail: NOT_YET }));
        return then;
      },
    );

    app.get(
      "/api/leads/:id/timeline",
      {
        schema: {
          summary: "Every event of a lead; to people with each delivery's request, response and timings",
          params,
          response: { 200: Timeline },
        },
      },
      async (request) => {
        const { id } = await find(request, request.params.id);
        const { items } = (await queries.timeline(id)) ?? { items: [] };
        return { items: caller(request).is === "person" ? items : items.map(shownToSource) };
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
        const { person_id, ...others } = request.query;
        // After a merge the leads of both are found under either id.
        const persons = person_id === undefined ? {} : { person_id: await identities.samePerson(person_id) };
        const filter = { ...others, ...persons };
        const who = caller(request);
        if (who.is === "person") return queries.list(filter);
        if (filter.source !== undefined && filter.source !== who.source) return { items: [] };
        return queries.list({ ...filter, source: who.source });
      },
    );
  };
}
