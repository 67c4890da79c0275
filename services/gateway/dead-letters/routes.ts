// /api/dlq: dead letters, and what becomes of them.
import type { FastifyReply } from "fastify";
import { z } from "zod";
import { DeadCauseShown, DeadStage } from "#domain/dead-letter/request.ts";
import { PartnerId, SubmissionId } from "#domain/ids.ts";
import { MAX_PRICE } from "#domain/partner/config.ts";
import { Reconciliation } from "#domain/partner/events.ts";
import { isWellFormed } from "#domain/well-formed.ts";
import type { DeadLetterQueries } from "#projections/dead-letters/query.ts";
import type { LeadQueries } from "#projections/leads/query.ts";
import { byOf } from "../access/person.ts";
import { notFound } from "../admin/scope.ts";
import { describeScope, type Routes, requestSchemas, responseSchemas } from "../http/route-schema.ts";
import { reportPosition } from "../reading/report-position.ts";
import { moveRoutes } from "./move-routes.ts";
import { type OneLeadParts, oneLead } from "./one.ts";
import { createMoveRequests, type Move, type MoveRequestsParts } from "./requests.ts";

export interface DeadLetterRoutesParts extends OneLeadParts, MoveRequestsParts {
  readonly letters: DeadLetterQueries;
  readonly leads: Pick<LeadQueries, "timeline">;
}

const count = z.int().nonnegative();

const DeadLetter = z
  .object({
    id: z.uuid(),
    lead_id: z.uuid().optional(),
    campaign: z.string().optional().meta({ description: "Whose member has this id" }),
    stage: DeadStage,
    partner: z.string().optional(),
    reason: z.string(),
    detail: z.string().optional().meta({ description: "Why the outcome is unknown" }),
    attempts: count,
    at: z.iso.datetime(),
    payload: z.unknown().meta({ description: "As it came; null once it can't be read any more" }),
    forgotten: z.literal(true).optional(),
    in_doubt: z.literal(true).optional().meta({ description: "Its partner may have it: resolve it first" }),
    moving: z.literal(true).optional().meta({ description: "A request to move it is being carried out" }),
  })
  .register(responseSchemas, { id: "DeadLetter" });
export const DeadLetters = z
  .object({ items: z.array(DeadLetter), next_cursor: z.string().optional() })
  .register(responseSchemas, { id: "DeadLetters" });
const DeadLetterWithHistory = DeadLetter.extend({
  history: z
    .array(z.looseObject({ position: z.string(), at: z.iso.datetime(), type: z.string() }))
    .optional(),
}).register(responseSchemas, { id: "DeadLetterWithHistory" });
const Moved = z.object({ count }).register(responseSchemas, { id: "Moved" });
const Resolved = z
  .object({ id: z.uuid(), outcome: Reconciliation })
  .register(responseSchemas, { id: "Resolved" });

export const DeadLetterCauses = z
  .object({
    items: z.array(z.object({ cause: z.string(), count: z.int().positive() })),
  })
  .meta({ description: "Of all that match, not of a page; those with most first" })
  .register(responseSchemas, { id: "DeadLetterCauses" });

const about = { stage: DeadStage.optional(), partner: z.string().max(100).optional() };
const CauseFilter = z.object(about);
const Filter = z.object({
  ...about,
  cause: DeadCauseShown.refine(isWellFormed, "has a NUL or half of a surrogate pair in it").optional().meta({
    description: "As `reason` in the list, or of a longer one the first 200 characters",
  }),
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z.string().max(500).optional(),
});

const MAX_IDS = 10_000;
const which = {
  ids: z.array(z.uuid()).min(1).max(MAX_IDS).optional(),
  stage: DeadStage.optional(),
  partner: PartnerId.optional(),
  cause: DeadCauseShown.refine(isWellFormed, "has a NUL or half of a surrogate pair in it").optional(),
  dry_run: z.boolean().optional().meta({ description: "Count them, and move none" }),
};
type Which = z.infer<z.ZodObject<typeof which>>;
const isOneOfBoth = ({ ids, stage, partner, cause }: Which): boolean =>
  ids === undefined || (stage === undefined && partner === undefined && cause === undefined);
const ONE_OF_BOTH = "takes either ids, or stage, partner and cause";
const Reason = z
  .string()
  .trim()
  .min(1)
  .max(200)
  .refine(isWellFormed, "has a NUL or half of a surrogate pair in it");

const Redrive = z
  .strictObject(which)
  .refine(isOneOfBoth, ONE_OF_BOTH)
  .register(requestSchemas, { id: "Redrive" });
const Discard = z
  .strictObject({ ...which, reason: Reason })
  .refine(isOneOfBoth, ONE_OF_BOTH)
  .register(requestSchemas, { id: "Discard" });
const Correction = z
  .strictObject({ payload: z.record(z.string(), z.unknown()), reason: Reason.optional() })
  .register(requestSchemas, { id: "Correction" });
const Resolution = z
  .strictObject({
    outcome: Reconciliation,
    reason: Reason,
    price: z.number().min(0).max(MAX_PRICE).optional(),
  })
  .register(requestSchemas, { id: "Resolution" });
const params = z.object({ id: SubmissionId });

export function deadLetterRoutes(parts: DeadLetterRoutesParts): Routes {
  const { letters, leads } = parts;
  const requests = createMoveRequests(parts);
  const lead = oneLead(parts);

  async function move(
    { dry_run, stage, ids, partner, cause }: Which,
    how: Move,
    reply: FastifyReply,
  ): Promise<z.infer<typeof Moved>> {
    const meant = {
      ...(ids !== undefined && { ids }),
      ...(stage !== undefined && { stage }),
      ...(partner !== undefined && { partner }),
      ...(cause !== undefined && { cause }),
    };
    if (dry_run)
      return positioned(reply, await letters.position(), { count: await requests.count(meant, how) });
    const { position, ...moved } = await requests.request(meant, how, byOf(reply.request));
    return positioned(reply, position, moved);
  }

  const reading: Routes = async (app) => {
    reportPosition(app, letters);

    app.get(
      "/api/dlq",
      {
        schema: {
          summary: "Dead letters, the newest first",
          querystring: Filter,
          response: { 200: DeadLetters },
        },
      },
      async (request) => {
        const { stage, partner, cause, limit, cursor } = request.query;
        const asked = askedPartner(partner);
        return asked === NOBODY
          ? { items: [] }
          : letters.list({ stage, partner: asked, cause, limit, cursor });
      },
    );

    app.get(
      "/api/dlq/causes",
      {
        schema: {
          summary: "How many dead letters there are of each cause",
          querystring: CauseFilter,
          response: { 200: DeadLetterCauses },
        },
      },
      async (request) => {
        const { stage, partner } = request.query;
        const asked = askedPartner(partner);
        return { items: asked === NOBODY ? [] : await letters.causes({ stage, partner: asked }) };
      },
    );

    app.get(
      "/api/dlq/:id",
      {
        schema: {
          summary: "One dead letter, with all that happened to its lead",
          params,
          response: { 200: DeadLetterWithHistory },
        },
      },
      async (request) => {
        const letter = await letters.byId(request.params.id);
        if (letter === undefined) throw notFound();
        const timeline = letter.lead_id === undefined ? undefined : await leads.timeline(letter.lead_id);
        return { ...letter, ...(timeline && { history: timeline.items }) };
      },
    );
  };

  return async (app) => {
    describeScope(app, () => ({ tags: ["Dead letters"] }));
    await app.register(reading);
    await app.register(moveRoutes({ letters, moving: parts.moving, requests }));

    app.post(
      "/api/dlq/redrive",
      {
        schema: {
          summary: "Send dead letters back to their stage: the count is exact, each goes once",
          body: Redrive,
          response: { 200: Moved },
        },
      },
      (request, reply) => move(request.body, { action: "redrive" }, reply),
    );

    app.post(
      "/api/dlq/discard",
      {
        schema: {
          summary: "Do nothing more about dead letters: the count is exact",
          body: Discard,
          response: { 200: Moved },
        },
      },
      (request, reply) => move(request.body, { action: "discard", reason: request.body.reason }, reply),
    );

    app.post(
      "/api/dlq/:id/redrive",
      {
        schema: {
          summary:
            "Put a lead's payload right and send it again: what its partner declined, or what was never sent",
          params,
          body: Correction,
          response: { 200: Moved },
          refusals: ["conflict"],
        },
      },
      async (request, reply) => {
        const position = await lead.correct(request.params.id, request.body, byOf(request));
        return positioned(reply, position, { count: 1 });
      },
    );

    app.post(
      "/api/dlq/:id/resolve",
      {
        schema: {
          summary: "Say what became of a delivery whose outcome is unknown",
          params,
          body: Resolution,
          response: { 200: Resolved },
          refusals: ["conflict"],
        },
      },
      async (request, reply) => {
        const { id } = request.params;
        const position = await lead.resolve(id, request.body, byOf(request));
        return positioned(reply, position, { id, outcome: request.body.outcome });
      },
    );
  };
}

/** What is no partner's id is nobody's. */
const NOBODY = Symbol("no partner");

function askedPartner(text: string | undefined): PartnerId | undefined | typeof NOBODY {
  return text === undefined ? undefined : (PartnerId.safeParse(text).data ?? NOBODY);
}

function positioned<Body>(reply: FastifyReply, position: bigint, body: Body): Body {
  reply.header("x-position", `${position}`);
  return body;
}
