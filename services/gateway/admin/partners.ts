// /api/partners: who gets submissions, how, and how they fare.
import type { FastifyPluginAsync, FastifyReply } from "fastify";
import { z } from "zod";
import { PartnerId } from "#domain/ids.ts";
import { PARTNER_CONFIG_STREAM } from "#domain/partner/config.ts";
import { configErrors } from "#domain/partner/config-errors.ts";
import {
  type ConfiguredPartner,
  type ConfigurePartner,
  partnerConfiguration,
} from "#domain/partner/configured.ts";
import { withKeptSecrets } from "#domain/partner/secrets.ts";
import { rulesRoutingTo } from "#domain/rules/ruleset.ts";
import { partnerConfigContext, SECRETS_KEY } from "#domain/seal-contexts.ts";
import type { Bus } from "#platform/bus/bus.ts";
import { partnerMailbox } from "#platform/bus/subjects.ts";
import type { EventStore } from "#platform/event-store/event-store.ts";
import type { LiveView } from "#platform/live-view.ts";
import type { Vault } from "#platform/vault/vault.ts";
import type { PartnerQueries } from "#projections/partners/query.ts";
import { Refused, refusal } from "../refusal.ts";
import { changes } from "./change.ts";
import { partnerConfigCodec } from "./configured-partners.ts";
import { type PartnerChange, readChange } from "./partner-change.ts";
import { flawOfUrl } from "./partner-url.ts";
import type { RulesetView } from "./ruleset-view.ts";
import { fitting, notFound } from "./scope.ts";
import { openDelivery, shownPartner, waiting } from "./shown-partner.ts";

export interface PartnerRoutesParts {
  readonly eventStore: EventStore;
  readonly bus: Bus;
  readonly vault: Vault;
  readonly view: LiveView<ReadonlyMap<PartnerId, ConfiguredPartner>>;
  readonly rules: RulesetView;
  readonly queries: PartnerQueries;
  readonly allowPrivate: boolean;
}

const OnePartner = z.object({ id: PartnerId });
export const Removal = z.strictObject({
  drain: z
    .enum(["next", "dead_letter"])
    .optional()
    .meta({ description: "What becomes of those that wait: on in their waterfall, or dead letters" }),
});
const MAX_CONFLICTS = 10;

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
    if ("accepted" in changed) {
      switch (changed.reason) {
        case "rules_route_to_it":
          throw conflict(`These rules still route to this partner: ${changed.rules.join(", ")}`);
        case "delivery_changed":
          throw new DeliveryChanged(changed.delivery);
        case "no_such_partner":
          throw notFound();
      }
    }
    const after = changed.state.get(command.partner);
    if (after === undefined) throw notFound();
    reply.header("x-position", `${changed.position}`);
    return after;
  }

  /** What it keeps of the secrets is what is there when it is stored, whoever else changes them meanwhile. */
  async function configure(
    partner: PartnerId,
    { delivery: given, ...config }: PartnerChange,
    reply: FastifyReply,
  ): Promise<ConfiguredPartner> {
    let before = view.current().get(partner)?.delivery;
    for (let conflicts = 0; ; conflicts += 1) {
      const opened = await openDelivery(partner, before, vault);
      const { delivery, errors } = withKeptSecrets(given, opened.usable ? opened.delivery : undefined);
      const found = [...errors, ...configErrors({ ...config, delivery })];
      if (found.length > 0) throw new Refused(refusal("unacceptable", { errors: found }));
      const flaw = await flawOfUrl(delivery.url, allowPrivate);
      if (flaw !== undefined) throw new Refused(refusal("unacceptable", { errors: [flaw] }));
      const sealed = await vault.seal(SECRETS_KEY, delivery, partnerConfigContext(partner));
      try {
        return await write(
          { type: "configure", partner, config, delivery: sealed, instead_of: before },
          reply,
        );
      } catch (error) {
        if (!(error instanceof DeliveryChanged) || conflicts >= MAX_CONFLICTS) throw error;
        before = error.delivery;
      }
    }
  }

  const answer = async (id: PartnerId, partner: ConfiguredPartner): Promise<object> =>
    shownPartner(id, partner, await queries.byId(id), { vault, bus });

  return async (app) => {
    app.get("/api/partners", async () => {
      const counts = await queries.all();
      const sorted = [...view.current()].sort(([a], [b]) => (a < b ? -1 : 1));
      const each = sorted.map(async ([id, one]) =>
        shownPartner(id, one, counts.get(id) ?? (await queries.byId(id)), { vault, bus }),
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
      return answer(partner, await configure(partner, readChange(request.body), reply));
    });

    app.delete("/api/partners/:id", async (request, reply) => {
      const partner = fitting(OnePartner, request.params).id;
      const { drain } = fitting(Removal, request.query);
      const routed_by = rulesRoutingTo(partner, rules.current().rules);
      if (view.current().has(partner) && routed_by.length === 0 && drain === undefined) {
        const count = waiting(await bus.consumerState(partnerMailbox(partner)));
        if (count > 0)
          throw conflict(
            `${count} submissions wait for this partner; add ?drain=next to let them go on where their rule has another partner, ` +
              "or ?drain=dead_letter to end them all",
          );
      }
      await write({ type: "remove", partner, drain: drain ?? "next", routed_by }, reply);
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

class DeliveryChanged extends Error {
  override name = "DeliveryChanged";
  readonly delivery: ConfiguredPartner["delivery"];

  constructor(delivery: ConfiguredPartner["delivery"]) {
    super("somebody else has configured the partner meanwhile");
    this.delivery = delivery;
  }
}

const conflict = (detail: string): Refused => new Refused(refusal("conflict", { detail }));
