// /api/identities: who is known, and forgetting them.

import type { FastifyPluginAsync } from "fastify";
import { z } from "zod";
import { ForgetAnswer, SplitAnswer } from "#domain/identity/question.ts";
import { PersonId } from "#domain/ids.ts";
import type { Bus } from "#platform/bus/bus.ts";
import { FORGET_SUBJECT, SPLIT_SUBJECT } from "#platform/bus/subjects.ts";
import type { IdentityQueries } from "#projections/identities/query.ts";
import { InvalidCursor } from "#projections/leads/query.ts";
import { tellFreshness } from "../reading/freshness.ts";
import { Refused, refusal } from "../refusal.ts";
import { fitting, notFound } from "./scope.ts";

const ANSWER_MS = 10_000;
const OnePerson = z.object({ id: PersonId });
const text = z.string().max(300).optional();

export const IdentityFilter = z.object({
  email: text,
  phone: text,
  full_name: text,
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z.string().max(500).optional(),
});

export function identityRoutes(queries: IdentityQueries, bus: Bus): FastifyPluginAsync {
  /** Only the one who writes about people may change anything about them. */
  async function ask(subject: string, person_id: PersonId): Promise<unknown> {
    const question = Buffer.from(JSON.stringify({ person_id }));
    return JSON.parse(Buffer.from(await bus.request(subject, question, ANSWER_MS)).toString("utf8"));
  }

  const reading: FastifyPluginAsync = async (app) => {
    tellFreshness(app, queries);

    app.get("/api/identities", async (request) => {
      try {
        return await queries.list(fitting(IdentityFilter, request.query));
      } catch (error) {
        if (!(error instanceof InvalidCursor)) throw error;
        throw new Refused(
          refusal("invalid", { errors: [{ path: "cursor", message: "is not one that was given out" }] }),
        );
      }
    });

    app.get("/api/identities/:id", async (request) => {
      const params = OnePerson.safeParse(request.params);
      const person = params.success ? await queries.byId(params.data.id) : undefined;
      if (person === undefined) throw notFound();
      return person;
    });
  };

  return async (app) => {
    await app.register(reading);

    app.delete("/api/identities/:id", async (request, reply) => {
      const answer = ForgetAnswer.parse(await ask(FORGET_SUBJECT, fitting(OnePerson, request.params).id));
      if ("refused" in answer) throw refusedBy(answer.refused);
      const { position, ...forgotten } = answer;
      return reply.header("x-position", position).send(forgotten);
    });

    app.post("/api/identities/:id/split", async (request, reply) => {
      const answer = SplitAnswer.parse(await ask(SPLIT_SUBJECT, fitting(OnePerson, request.params).id));
      if ("refused" in answer) throw refusedBy(answer.refused);
      const { position, ...split } = answer;
      return reply.header("x-position", position).send(split);
    });
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
