// /api/partners: their configuration, state and counts.
import { z } from "zod";
import { PartnerId } from "#domain/ids.ts";
import { Delivery, PartnerConfig } from "#domain/partner/config.ts";
import type { ConfiguredPartner, ConfigureRefusal } from "#domain/partner/configured.ts";
import { rulesRoutingTo } from "#domain/rules/ruleset.ts";
import { partnerConfigContext, SECRETS_KEY } from "#domain/seal-contexts.ts";
import type { Bus } from "#platform/bus/bus.ts";
import { partnerMailbox } from "#platform/bus/subjects.ts";
import type { EventStore } from "#platform/event-store/event-store.ts";
import type { Vault } from "#platform/vault/vault.ts";
import type { PartnerCounts, PartnerQueries } from "#projections/partners/query.ts";
import {
  describeScope,
  noContent,
  type Routes,
  requestSchemas,
  responseSchemas,
} from "../http/route-schema.ts";
import { type Refusal, Refused, refusal } from "../refusal.ts";
import type { RulesetView } from "../rules/ruleset-view.ts";
import { changer } from "./change.ts";
import { configuredPartners, type PartnersView } from "./configured-partners.ts";
import { urlError } from "./partner-url.ts";
import { notFound } from "./scope.ts";

export interface PartnerRoutesParts {
  readonly eventStore: EventStore;
  readonly bus: Bus;
  readonly vault: Vault;
  readonly view: PartnersView;
  readonly rules: RulesetView;
  readonly queries: PartnerQueries;
  readonly allowPrivate: boolean;
}

const [Http, ...others] = Delivery.options;
const DeliveryChange = z
  .discriminatedUnion("type", [
    Http.extend({
      secret: Http.shape.secret.nullable().meta({ description: "Left out it stays; null: sign no longer" }),
    }),
    ...others,
  ])
  .register(requestSchemas, { id: "DeliveryChange" });
const PartnerChange = PartnerConfig.extend({ delivery: DeliveryChange }).register(requestSchemas, {
  id: "PartnerChange",
});

const count = z.int().nonnegative();
export const Partner = PartnerConfig.extend({
  id: PartnerId,
  signed: z.boolean(),
  paused: z.boolean(),
  queue_depth: count,
  in_flight: count,
  circuit: z.enum(["closed", "open", "half_open"]),
  retry_at: z.iso.datetime().optional(),
  delivered: count,
  failed: count,
  dead_lettered: count,
  duplicates: count,
}).register(responseSchemas, { id: "Partner" });
export const Partners = z.object({ items: z.array(Partner) }).register(responseSchemas, { id: "Partners" });

const params = z.object({ id: PartnerId });

export function partnerRoutes(parts: PartnerRoutesParts): Routes {
  const { eventStore, bus, vault, view, rules, queries, allowPrivate } = parts;
  const change = changer(eventStore, configuredPartners, view, refusalOf);

  async function shown(id: PartnerId, partner: ConfiguredPartner, counts: PartnerCounts): Promise<object> {
    const { config, standing, sealed_secret } = partner;
    const { partner: _, ...figures } = counts;
    const queue = await bus.consumerState(partnerMailbox(id)).catch(() => undefined);
    const queue_depth = queue === undefined ? 0 : queue.pending + queue.ackPending;
    const paused = standing === "paused";
    return { id, ...config, signed: sealed_secret !== undefined, paused, queue_depth, ...figures };
  }

  async function byId(id: PartnerId, partners: ReadonlyMap<PartnerId, ConfiguredPartner>): Promise<object> {
    const partner = partners.get(id);
    if (partner === undefined) throw notFound();
    return shown(id, partner, await queries.byId(id));
  }

  return async (app) => {
    describeScope(app, () => ({ tags: ["Partners"] }));

    app.get(
      "/api/partners",
      { schema: { summary: "All partners", response: { 200: Partners } } },
      async () => {
        const counts = await queries.all();
        const sorted = [...view.current()].sort(([a], [b]) => (a < b ? -1 : 1));
        const each = sorted.map(async ([id, partner]) =>
          shown(id, partner, counts.get(id) ?? (await queries.byId(id))),
        );
        return { items: await Promise.all(each) };
      },
    );

    app.get(
      "/api/partners/:id",
      { schema: { summary: "One partner with its state and counts", params, response: { 200: Partner } } },
      (request) => byId(request.params.id, view.current()),
    );

    app.put(
      "/api/partners/:id",
      {
        schema: {
          summary: "Configure a partner",
          params,
          body: PartnerChange,
          response: { 200: Partner },
          refusals: ["unacceptable"],
        },
      },
      async (request, reply) => {
        const partner = request.params.id;
        const { secret: given, ...delivery } = request.body.delivery;
        const error = await urlError(delivery.url, allowPrivate);
        if (error !== undefined) throw new Refused(refusal("unacceptable", { errors: [error] }));
        const secret =
          typeof given === "string"
            ? await vault.seal(SECRETS_KEY, given, partnerConfigContext(partner))
            : given === null
              ? "none"
              : "keep";
        const config = { ...request.body, delivery };
        return byId(partner, await change({ type: "configure", partner, config, secret }, reply));
      },
    );

    app.delete(
      "/api/partners/:id",
      {
        schema: {
          summary: "Remove a partner that no rule routes to",
          params,
          response: noContent,
          refusals: ["conflict"],
        },
      },
      async (request, reply) => {
        const partner = request.params.id;
        const routed_by = rulesRoutingTo(partner, rules.current().rules);
        await change({ type: "remove", partner, routed_by }, reply);
        return reply.code(204).send();
      },
    );

    for (const [type, summary] of [
      ["pause", "Let its submissions wait"],
      ["resume", "Deliver again"],
    ] as const)
      app.post(
        `/api/partners/:id/${type}`,
        { schema: { summary, params, response: { 200: Partner } } },
        async (request, reply) => {
          const partner = request.params.id;
          return byId(partner, await change({ type, partner }, reply));
        },
      );
  };
}

function refusalOf(refused: ConfigureRefusal): Refusal {
  if (refused.reason === "no_such_partner") return refusal("not_found");
  const detail = `These rules still route to this partner: ${refused.rules.join(", ")}`;
  return refusal("conflict", { detail });
}
