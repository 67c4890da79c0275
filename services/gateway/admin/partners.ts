// /api/partners: who gets submissions, how, and how they fare.
import type { FastifyPluginAsync, FastifyReply } from "fastify";
import { z } from "zod";
import { PartnerId } from "#domain/ids.ts";
import { PARTNER_CONFIG_STREAM, PartnerConfig } from "#domain/partner/config.ts";
import {
  type ConfiguredPartner,
  type ConfigurePartner,
  partnerConfiguration,
} from "#domain/partner/configured.ts";
import { rulesRoutingTo } from "#domain/rules/ruleset.ts";
import { partnerConfigContext, SECRETS_KEY } from "#domain/seal-contexts.ts";
import type { Bus } from "#platform/bus/bus.ts";
import { partnerMailbox } from "#platform/bus/subjects.ts";
import type { EventStore } from "#platform/event-store/event-store.ts";
import type { LiveView } from "#platform/live-view.ts";
import type { Vault } from "#platform/vault/vault.ts";
import type { PartnerCounts, PartnerQueries } from "#projections/partners/query.ts";
import { Refused, refusal } from "../refusal.ts";
import { changes } from "./change.ts";
import { partnerConfigCodec } from "./configured-partners.ts";
import { urlError } from "./partner-url.ts";
import type { RulesetView } from "./ruleset-view.ts";
import { fitting, notFound } from "./scope.ts";

export interface PartnerRoutesParts {
  readonly eventStore: EventStore;
  readonly bus: Bus;
  readonly vault: Vault;
  readonly view: LiveView<ReadonlyMap<PartnerId, ConfiguredPartner>>;
  readonly rules: RulesetView;
  readonly queries: PartnerQueries;
  readonly allowPrivate: boolean;
}

const NullSecret = z.looseObject({ delivery: z.looseObject({ secret: z.null() }) });
const OnePartner = z.object({ id: PartnerId });

export function partnerRoutes(parts: PartnerRoutesParts): FastifyPluginAsync {
  const { eventStore, bus, vault, view, rules, queries, allowPrivate } = parts;
  const change = changes({
    eventStore,
    stream: PARTNER_CONFIG_STREAM,
    codec: partnerConfigCodec,
    decider: partnerConfiguration,
    view,
  });

  async function write(command: ConfigurePartner, reply: FastifyReply): Promise<ConfiguredPartner> {
    const changed = await change(command);
    const after = "accepted" in changed ? undefined : changed.state.get(command.partner);
    if ("accepted" in changed && changed.reason === "rules_route_to_it") {
      const detail = `These rules still route to this partner: ${changed.rules.join(", ")}`;
      throw new Refused(refusal("conflict", { detail }));
    }
    if ("accepted" in changed || after === undefined) throw notFound();
    reply.header("x-position", `${changed.position}`);
    return after;
  }

  async function shown(id: PartnerId, partner: ConfiguredPartner, counts: PartnerCounts): Promise<object> {
    const { config, standing, sealed_secret } = partner;
    const { partner: _, ...figures } = counts;
    const queue = await bus.consumerState(partnerMailbox(id)).catch(() => undefined);
    const queue_depth = queue === undefined ? 0 : queue.pending + queue.ackPending;
    const paused = standing === "paused";
    return { id, ...config, signed: sealed_secret !== undefined, paused, queue_depth, ...figures };
  }

  const answer = async (id: PartnerId, partner: ConfiguredPartner): Promise<object> =>
    shown(id, partner, await queries.byId(id));

  return async (app) => {
    app.get("/api/partners", async () => {
      const counts = await queries.all();
      const sorted = [...view.current()].sort(([a], [b]) => (a < b ? -1 : 1));
      const each = sorted.map(async ([id, one]) =>
        shown(id, one, counts.get(id) ?? (await queries.byId(id))),
      );
      return { items: await Promise.all(each) };
    });

    app.get("/api/partners/:id", async (request) => {
      const { id } = fitting(OnePartner, request.params);
      const partner = view.current().get(id);
      if (partner === undefined) throw notFound();
      return answer(id, partner);
    });

    app.put("/api/partners/:id", async (request, reply) => {
      const partner = fitting(OnePartner, request.params).id;
      const { body, withoutSecret } = takenApart(request.body);
      const config = fitting(PartnerConfig, body);
      const error = await urlError(config.delivery.url, allowPrivate);
      if (error !== undefined) throw new Refused(refusal("unacceptable", { errors: [error] }));
      const { secret: given, ...delivery } = config.delivery;
      const secret =
        given === undefined
          ? withoutSecret
            ? "none"
            : "keep"
          : await vault.seal(SECRETS_KEY, given, partnerConfigContext(partner));
      const after = await write(
        { type: "configure", partner, config: { ...config, delivery }, secret },
        reply,
      );
      return answer(partner, after);
    });

    app.delete("/api/partners/:id", async (request, reply) => {
      const partner = fitting(OnePartner, request.params).id;
      const routed_by = rulesRoutingTo(partner, rules.current().rules);
      await write({ type: "remove", partner, routed_by }, reply);
      return reply.code(204).send();
    });

    for (const type of ["pause", "resume"] as const) {
      app.post(`/api/partners/:id/${type}`, async (request, reply) => {
        const partner = fitting(OnePartner, request.params).id;
        return answer(partner, await write({ type, partner }, reply));
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
