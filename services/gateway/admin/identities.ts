// /api/identities: who is known, and forgetting them.
import type { FastifyReply } from "fastify";
import { z } from "zod";
import type { ConfiguredCampaigns } from "#domain/campaign/configured.ts";
import { Details, ForgetAnswer, SplitAnswer } from "#domain/identity/question.ts";
import { PersonId } from "#domain/ids.ts";
import { memberKey } from "#domain/seal-contexts.ts";
import type { Bus } from "#platform/bus/bus.ts";
import { FORGET_SUBJECT, SPLIT_SUBJECT } from "#platform/bus/subjects.ts";
import type { EventStore } from "#platform/event-store/event-store.ts";
import type { Vault } from "#platform/vault/vault.ts";
import type { IdentityQueries } from "#projections/identities/query.ts";
import { byOf } from "../access/person.ts";
import { memberIdOf } from "../campaigns/members.ts";
import { describeScope, type Routes, responseSchemas } from "../http/route-schema.ts";
import { reportPosition } from "../reading/report-position.ts";
import { Refused, refusal } from "../refusal.ts";
import { notFound } from "./scope.ts";

const ANSWER_MS = 10_000;
const CURRENT_MS = 4_000;
const BEHIND =
  "The read model of identities is behind, so nobody can say yet in which campaigns this person is; nobody is forgotten, repeat this after retry-after";

const known = z.string().nullable().meta({ description: "Null where unknown, or forgotten" });
export const Identity = z
  .object({
    id: PersonId,
    email: known,
    phone: known,
    full_name: known,
    aliases: z.array(Details.extend({ id: z.uuid() })),
    leads: z.array(z.string()).meta({ description: "The newest submissions, newest first" }),
    lead_count: z.int().nonnegative(),
    forgotten_at: z.iso.datetime().optional(),
  })
  .register(responseSchemas, { id: "Identity" });
const Identities = z
  .object({ items: z.array(Identity), next_cursor: z.string().optional() })
  .register(responseSchemas, { id: "Identities" });
const Forgotten = ForgetAnswer.options[0]
  .omit({ position: true })
  .meta({ description: "Until `raw_readable_until` keys of the intake's day may still open what came in" })
  .register(responseSchemas, { id: "Forgotten" });
const Split = SplitAnswer.options[0].omit({ position: true }).register(responseSchemas, { id: "Split" });

const text = z.string().max(300).optional();
const IdentityFilter = z.object({
  email: text,
  phone: text,
  full_name: text,
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z.string().max(500).optional(),
});
/** A reason may be given; the log keeps none, because it could name whom it is about. */
const Forgetting = z.strictObject({ reason: z.string().max(1_000).optional() });
const onePerson = z.object({ id: PersonId });

const refusals = {
  unknown_person: refusal("not_found"),
  forgotten: refusal("conflict", {
    detail: "This person is forgotten already; there is nothing left to forget",
  }),
  nothing_to_split: refusal("conflict", {
    detail: "This person was never merged with another; there is nothing to split",
  }),
};

export interface IdentityRoutesParts {
  readonly queries: IdentityQueries;
  readonly eventStore: Pick<EventStore, "head">;
  readonly bus: Bus;
  readonly vault: Pick<Vault, "destroy" | "existing" | "fingerprint">;
  readonly campaigns: { current(): ConfiguredCampaigns };
}

export function identityRoutes({ queries, eventStore, bus, vault, campaigns }: IdentityRoutesParts): Routes {
  /**
   * As a member of campaigns somebody is known by nothing but an address, so this comes first: once the person is forgotten nobody can
   * say any more which addresses these were. So the read model must know all that the log says of the person now.
   */
  async function forgetMembers(person_id: PersonId): Promise<void> {
    if (!(await queries.reached(await eventStore.head(), CURRENT_MS)))
      throw new Refused(refusal("unavailable", { detail: BEHIND, retryAfterS: 1 }));
    const person = await queries.byId(person_id);
    const emails = [person?.email, ...(person?.aliases ?? []).map(({ email }) => email)];
    const keys = [...campaigns.current().keys()].flatMap((campaign) =>
      emails.flatMap((email) => (email ? [memberKey(memberIdOf(campaign, email, vault))] : [])),
    );
    const known = await vault.existing(keys);
    if (known.length > 0) await vault.destroy(known);
  }

  /** Only the one writer of identities may change anything about a person. */
  async function ask(
    [subject, Answer]: readonly [string, typeof ForgetAnswer | typeof SplitAnswer],
    person_id: PersonId,
    reply: FastifyReply,
  ): Promise<FastifyReply> {
    const question = Buffer.from(JSON.stringify({ person_id, by: byOf(reply.request) }));
    const text = Buffer.from(await bus.request(subject, question, ANSWER_MS)).toString("utf8");
    // Nothing: the writer that was asked is not the writer any more.
    if (text === "") throw new Refused(refusal("unavailable", { retryAfterS: 1 }));
    const answer = Answer.parse(JSON.parse(text));
    if ("refused" in answer) throw new Refused(refusals[answer.refused]);
    const { position, ...done } = answer;
    return reply.header("x-position", position).send(done);
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
        schema: { summary: "One person", params: z.object({ id: z.string() }), response: { 200: Identity } },
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
          body: Forgetting,
          response: { 200: Forgotten },
          refusals: ["conflict"],
        },
      },
      async (request, reply) => {
        await forgetMembers(request.params.id);
        return ask([FORGET_SUBJECT, ForgetAnswer], request.params.id, reply);
      },
    );

    app.post(
      "/api/identities/:id/split",
      {
        schema: {
          summary: "Take the last merge of a person back",
          params: onePerson,
          response: { 200: Split },
          refusals: ["conflict"],
        },
      },
      (request, reply) => ask([SPLIT_SUBJECT, SplitAnswer], request.params.id, reply),
    );
  };
}
