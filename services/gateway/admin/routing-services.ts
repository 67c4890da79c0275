// /api/routing-services: whom rules may ask where a submission goes.
import { z } from "zod";
import { RoutingServiceId } from "#domain/ids.ts";
import {
  ROUTING_SERVICE_STREAM,
  RoutingService,
  type RoutingServiceRefusal,
  type RoutingServices,
  routingServiceEvents,
  routingServices,
} from "#domain/routing-service/service.ts";
import { rulesAsking } from "#domain/rules/ruleset.ts";
import { createCodec } from "#platform/event-store/codec.ts";
import type { EventStore } from "#platform/event-store/event-store.ts";
import type { LiveView } from "#platform/live-view.ts";
import type { Yard } from "#platform/yard.ts";
import { follow } from "../configuration.ts";
import {
  describeScope,
  noContent,
  type Routes,
  requestSchemas,
  responseSchemas,
  zodValidator,
} from "../http/route-schema.ts";
import { type Refusal, Refused, refusal } from "../refusal.ts";
import type { RulesetView } from "../rules/ruleset-view.ts";
import { changer } from "./change.ts";
import { urlErrors } from "./partner-url.ts";
import { notFound } from "./scope.ts";

const configuredRoutingServices = {
  name: "routing-services",
  stream: ROUTING_SERVICE_STREAM,
  codec: createCodec(routingServiceEvents),
  decider: routingServices,
};

export type RoutingServicesView = LiveView<RoutingServices>;

export function followRoutingServices(yard: Yard): Promise<RoutingServicesView> {
  return follow(yard, configuredRoutingServices, (services) => services);
}

export interface RoutingServiceRoutesParts {
  readonly eventStore: EventStore;
  readonly view: RoutingServicesView;
  readonly rules: RulesetView;
  readonly allowPrivate: boolean;
}

const Change = RoutingService.extend({
  id: z.unknown().optional().meta({ description: "Ignored: the path has the id" }),
}).register(requestSchemas, { id: "RoutingServiceChange" });
const Shown = RoutingService.extend({ id: RoutingServiceId }).register(responseSchemas, {
  id: "RoutingService",
});
const AllShown = z.object({ items: z.array(Shown) }).register(responseSchemas, { id: "RoutingServices" });
const params = z.object({ id: RoutingServiceId });

export function routingServiceRoutes(parts: RoutingServiceRoutesParts): Routes {
  const { eventStore, view, rules, allowPrivate } = parts;
  const change = changer(eventStore, configuredRoutingServices, view, refusalOf);

  function shown(id: string, services: RoutingServices): z.input<typeof Shown> {
    const settings = services.get(id);
    if (settings === undefined) throw notFound();
    return { id: RoutingServiceId.parse(id), ...settings };
  }

  return async (app) => {
    describeScope(app, () => ({ tags: ["Routing services"] }));
    app.setValidatorCompiler(zodValidator("unacceptable"));

    app.get(
      "/api/routing-services",
      { schema: { summary: "All routing services", response: { 200: AllShown } } },
      async () => {
        const services = view.current();
        return { items: [...services.keys()].sort().map((id) => shown(id, services)) };
      },
    );

    app.get(
      "/api/routing-services/:id",
      { schema: { summary: "One routing service", params, response: { 200: Shown } } },
      async (request) => shown(request.params.id, view.current()),
    );

    app.put(
      "/api/routing-services/:id",
      {
        schema: {
          summary: "Configure a routing service",
          params,
          body: Change,
          response: { 200: Shown },
          refusals: ["unacceptable"],
        },
      },
      async (request, reply) => {
        const { id: service } = request.params;
        const { id: _, ...settings } = request.body;
        const errors = await urlErrors("url", settings.url, allowPrivate);
        if (errors.length > 0) throw new Refused(refusal("unacceptable", { errors }));
        return shown(service, await change({ type: "configure", service, settings }, reply));
      },
    );

    app.delete(
      "/api/routing-services/:id",
      {
        schema: {
          summary: "Remove a routing service that no rule asks",
          params,
          response: noContent,
          refusals: ["conflict"],
        },
      },
      async (request, reply) => {
        const { id: service } = request.params;
        const asked_by = rulesAsking(service, rules.current().rules);
        await change({ type: "remove", service, asked_by }, reply);
        return reply.code(204).send();
      },
    );
  };
}

function refusalOf(refused: RoutingServiceRefusal): Refusal {
  switch (refused.reason) {
    case "no_such_service":
      return refusal("not_found");
    case "rules_ask_it":
      return refusal("conflict", {
        detail: `These rules still ask this service: ${refused.rules.join(", ")}`,
      });
  }
}
