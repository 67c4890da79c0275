// /api/identities: who is known, and forgetting them.
import { z } from "zod";
import { ForgetAnswer, SplitAnswer } from "#domain/identity/question.ts";
import { PersonId } from "#domain/ids.ts";
import type { Bus } from "#platform/bus/bus.ts";
import { FORGET_SUBJECT, SPLIT_SUBJECT } from "#platform/bus/subjects.ts";
import type { IdentityQueries } from "#projections/identities/query.ts";
import { describeScope, type Routes, responseSchemas } from "../http/route-schema.ts";
import { reportPosition } from "../reading/freshness.ts";
import { Refused, refusal } from "../refusal.ts";
import { notFound } from "./scope.ts";

const ANSWER_MS = 10_000;

const known = z.string().nullable().meta({ description: "Null where unknown, or forgotten" });
const Identity = z
  .object({
    id: PersonId,
    email: known,
    phone: known,
    full_name: known,
    aliases: z.array(
      z.object({
        id: z.uuid(),
        email: z.string().optional(),
        phone: z.string().optional(),
        full_name: z.string().optional(),
      }),
    ),
    leads: z.array(z.string()).meta({ description: "The newest submissions, newest first" }),
    lead_count: z.int().nonnegative(),
    forgotten_at: z.iso.datetime().optional(),
  })
  .register(responseSchemas, { id: "Identity" });
const Identities = z
  .object({ items: z.array(Identity), next_cursor: z.string().optional() })
  .register(responseSchemas, { id: "Identities" });
const Forgotten = z
  .object({
    persons: z.array(PersonId),
    raw_readable_until: z.iso
      .datetime()
      .meta({ description: "Until then keys of the intake's day may still open what came in" }),
  })
  .register(responseSchemas, { id: "Forgotten" });
const Split = z.object({ into: PersonId, from: PersonId }).register(responseSchemas, { id: "Split" });

const text = z.string().max(300).optional();
const IdentityFilter = z.object({
  email: text,
  phone: text,
  full_name: text,
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z.string().max(500).optional(),
});
const onePerson = z.object({ id: PersonId });

export function identityRoutes(queries: IdentityQueries, bus: Bus): Routes {
  /** Only the one writer of identities may change anything about a person. */
  async function ask(subject: string, person_id: PersonId): Promise<unknown> {
    const question = Buffer.from(JSON.stringify({ person_id }));
    return JSON.parse(Buffer.from(await bus.request(subject, question, ANSWER_MS)).toString("utf8"));
  }

  const reading: Routes = async (app) => {
    reportPosition(app, queries);

    app.get(
      "/api/identities",
      {
        schema: {
          summary: "Who is known, the newest first",
          querystring: IdentityFilter,
          response: { 200: Identities },
        },
      },
      (request) => queries.list(request.query),
    );

    app.get(
      "/api/identities/:id",
      {
        schema: {
          summary: "One person",
          params: z.object({ id: z.string() }),
          response: { 200: Identity },
          refusals: ["not_found"],
        },
      },
      async (request) => {
        const person = await queries.byId(request.params.id);
        if (person === undefined) throw notFound();
        return person;
      },
    );
  };

  return async (app) => {
    describeScope(app, () => ({ tags: ["Identities"] }));
    await app.register(reading);

    app.delete(
      "/api/identities/:id",
      {
        schema: {
          summary: "Forget a person for good",
          params: onePerson,
          response: { 200: Forgotten },
          refusals: ["not_found", "conflict"],
        },
      },
      async (request, reply) => {
        const answer = ForgetAnswer.parse(await ask(FORGET_SUBJECT, request.params.id));
        if ("refused" in answer) throw refusedBy(answer.refused);
        const { position, ...forgotten } = answer;
        return reply.header("x-position", position).send(forgotten);
      },
    );

    app.post(
      "/api/identities/:id/split",
      {
        schema: {
          summary: "Take the last merge of a person back",
          params: onePerson,
          response: { 200: Split },
          refusals: ["not_found", "conflict"],
        },
      },
      async (request, reply) => {
        const answer = SplitAnswer.parse(await ask(SPLIT_SUBJECT, request.params.id));
        if ("refused" in answer) throw refusedBy(answer.refused);
        const { position, ...split } = answer;
        return reply.header("x-position", position).send(split);
      },
    );
  };
}

function refusedBy(reason: "unknown_person" | "forgotten" | "nothing_to_split"): Refused {
  switch (reason) {
    case "unknown_person":
      return notFound();
    case "forgotten":
      return new Refused(refusal("conflict", { detail: "This person is forgotten already" }));
    case "nothing_to_split":
      return new Refused(refusal("conflict", { detail: "This person was never merged with another" }));
  }
}
