// /api/partners: who gets submissions, how, and how they fare.

import type { FastifyPluginAsync, FastifyReply } from "fastify";
import { z } from "zod";
import { accept, type Decision } from "#domain/event.ts";
import { PartnerId } from "#domain/ids.ts";
import { partnerMailbox } from "#domain/mail.ts";
import { PartnerConfig, type PartnerConfigEvent, partnerConfigStream } from "#domain/partner/config.ts";
import type { Bus } from "#platform/bus/bus.ts";
import type { EventStore } from "#platform/event-store/event-store.ts";
import type { LiveView } from "#platform/live-view.ts";
import type { Vault } from "#platform/vault/vault.ts";
import type { PartnerCounts, PartnerQueries } from "#projections/partners/query.ts";
import { SECRETS_KEY } from "../intake/sources.ts";
import { Refused, refusal } from "../refusal.ts";
import { createDesk } from "./desk.ts";
import {
  type Configured,
  type ConfiguredState,
  decideFor,
  evolve,
  type PartnerBook,
  partnerConfigCodec,
} from "./partner-book.ts";
import { flawOfUrl } from "./partner-url.ts";
import type { RulesetView } from "./ruleset-view.ts";
import { rulesThatName } from "./ruleset-view.ts";
import { fitting, notFound } from "./scope.ts";

export interface PartnerRoutesParts {
  readonly eventStore: EventStore;
  readonly bus: Bus;
  readonly vault: Vault;
  readonly view: LiveView<PartnerBook>;
  readonly rules: RulesetView;
  readonly queries: PartnerQueries;
  readonly allowPrivate: boolean;
}

type Decide = (state: ConfiguredState) => Decision<PartnerConfigEvent, "no_such_partner">;

const NullSecret = z.looseObject({ delivery: z.looseObject({ secret: z.null() }) });
const OnePartner = z.object({ id: PartnerId });

export function partnerRoutes(parts: PartnerRoutesParts): FastifyPluginAsync {
  const { eventStore, bus, vault, view, rules, queries, allowPrivate } = parts;
  const initial: ConfiguredState = undefined;
  const desk = createDesk({ eventStore, codec: partnerConfigCodec, evolve, initial, view });

  async function write(id: PartnerId, reply: FastifyReply, decide: Decide): Promise<ConfiguredState> {
    const written = await desk.write(partnerConfigStream(id), decide);
    if (!written.done) throw notFound();
    reply.header("x-position", `${written.position}`);
    return written.state;
  }

  async function told(id: PartnerId, configured: Configured, counts: PartnerCounts): Promise<object> {
    const { config, paused, sealed_secret } = configured;
    const { partner: _, ...figures } = counts;
    const queue = await bus.consumerState(partnerMailbox(id)).catch(() => undefined);
    const queue_depth = queue === undefined ? 0 : queue.pending + queue.ackPending;
    return { id, ...config, signed: sealed_secret !== undefined, paused, queue_depth, ...figures };
  }

  async function answer(id: PartnerId, configured: ConfiguredState): Promise<object> {
    if (configured === undefined) throw notFound();
    return told(id, configured, await queries.byId(id));
  }

  return async (app) => {
    app.get("/api/partners", async () => {
      const all = await queries.all();
      const book = [...view.current()].sort(([a], [b]) => (a < b ? -1 : 1));
      const each = book.map(async ([id, one]) => told(id, one, all.get(id) ?? (await queries.byId(id))));
      return { items: await Promise.all(each) };
    });

    app.get("/api/partners/:id", async (request) => {
      const { id } = fitting(OnePartner, request.params);
      return answer(id, view.current().get(id));
    });

    app.put("/api/partners/:id", async (request, reply) => {
      const partner = fitting(OnePartner, request.params).id;
      const { body, withoutSecret } = takenApart(request.body);
      const config = fitting(PartnerConfig, body);
      const flaw = await flawOfUrl(config.delivery.url, allowPrivate);
      if (flaw !== undefined) throw new Refused(refusal("unacceptable", { errors: [flaw] }));
      const { secret, ...delivery } = config.delivery;
      const fresh =
        secret === undefined
          ? undefined
          : await vault.seal(SECRETS_KEY, secret, partnerConfigStream(partner));
      const state = await write(partner, reply, (before) => {
        // What was read can be written back: the secret, which is never shown, stays until another or null is given.
        const sealed_secret = fresh ?? (withoutSecret ? undefined : before?.sealed_secret);
        const data = { partner, config: { ...config, delivery }, ...(sealed_secret && { sealed_secret }) };
        return accept({ type: "PartnerConfigured", data });
      });
      return answer(partner, state);
    });

    app.delete("/api/partners/:id", async (request, reply) => {
      const partner = fitting(OnePartner, request.params).id;
      const naming = rulesThatName(partner, rules.current().rules);
      if (naming.length > 0) {
        const detail = `These rules still route to this partner: ${naming.join(", ")}`;
        throw new Refused(refusal("conflict", { detail }));
      }
      await write(partner, reply, (state) => decideFor(state, { type: "PartnerRemoved", data: { partner } }));
      return reply.code(204).send();
    });

    for (const [verb, type] of [
      ["pause", "PartnerPaused"],
      ["resume", "PartnerResumed"],
    ] as const) {
      app.post(`/api/partners/:id/${verb}`, async (request, reply) => {
        const partner = fitting(OnePartner, request.params).id;
        return answer(
          partner,
          await write(partner, reply, (state) => decideFor(state, { type, data: { partner } })),
        );
      });
    }
  };
}

/** `secret: null` says that deliveries are to be signed no longer. */
function takenApart(body: unknown): { readonly body: unknown; readonly withoutSecret: boolean } {
  const parsed = NullSecret.safeParse(body);
  if (!parsed.success) return { body, withoutSecret: false };
  const { secret: _, ...delivery } = parsed.data.delivery;
  return { body: { ...parsed.data, delivery }, withoutSecret: true };
}
