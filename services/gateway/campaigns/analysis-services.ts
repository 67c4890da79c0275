// /api/analysis-services: who says how a reply sounds.
import { z } from "zod";
import {
  ANALYSIS_SERVICE_STREAM,
  AnalysisService,
  type AnalysisServiceRefusal,
  type AnalysisServices,
  analysisServiceEvents,
  analysisServices,
} from "#domain/analysis/service.ts";
import type { ConfiguredCampaigns } from "#domain/campaign/configured.ts";
import { AnalysisServiceId, type CampaignId } from "#domain/ids.ts";
import { createCodec } from "#platform/event-store/codec.ts";
import type { EventStore } from "#platform/event-store/event-store.ts";
import type { LiveView } from "#platform/live-view.ts";
import type { Yard } from "#platform/yard.ts";
import { changer } from "../admin/change.ts";
import { urlErrors } from "../admin/partner-url.ts";
import { notFound } from "../admin/scope.ts";
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

const configuredAnalysisServices = {
  name: "analysis-services",
  stream: ANALYSIS_SERVICE_STREAM,
  codec: createCodec(analysisServiceEvents),
  decider: analysisServices,
};

export type AnalysisServicesView = LiveView<AnalysisServices>;
export const followAnalysisServices = (yard: Yard): Promise<AnalysisServicesView> =>
  follow(yard, configuredAnalysisServices, (services) => services);

export interface AnalysisServiceRoutesParts {
  readonly eventStore: EventStore;
  readonly view: AnalysisServicesView;
  readonly campaigns: { current(): ConfiguredCampaigns };
  readonly allowPrivate: boolean;
}

const [Builtin, Http] = AnalysisService.options;
const id = z.unknown().optional().meta({ description: "Ignored: the path has the id" });
const Change = z
  .discriminatedUnion("type", [Builtin.extend({ id }), Http.extend({ id })])
  .register(requestSchemas, { id: "AnalysisServiceChange" });
const named = { id: AnalysisServiceId };
const Shown = z
  .discriminatedUnion("type", [Builtin.extend(named), Http.extend(named)])
  .register(responseSchemas, { id: "AnalysisService" });
const AllShown = z.object({ items: z.array(Shown) }).register(responseSchemas, { id: "AnalysisServices" });
const params = z.object({ id: AnalysisServiceId });

export function analysisServiceRoutes(parts: AnalysisServiceRoutesParts): Routes {
  const { eventStore, view, campaigns, allowPrivate } = parts;
  const change = changer(eventStore, configuredAnalysisServices, view, refusalOf);

  function shown(service: string, services: AnalysisServices): z.input<typeof Shown> {
    const settings = services.get(service);
    if (settings === undefined) throw notFound();
    return { id: AnalysisServiceId.parse(service), ...settings };
  }

  const askedBy = (service: AnalysisServiceId): CampaignId[] =>
    [...campaigns.current()].flatMap(([campaign, { standing, versions }]) => {
      const asks = [...versions.values()].some(({ steps }) =>
        steps.some((step) => step.type === "analyze" && step.service === service),
      );
      return asks && standing !== "cancelled" ? [campaign] : [];
    });

  return async (app) => {
    describeScope(app, () => ({ tags: ["Campaigns"] }));
    app.setValidatorCompiler(zodValidator("unacceptable"));

    app.get(
      "/api/analysis-services",
      { schema: { summary: "All analysis services", response: { 200: AllShown } } },
      async () => {
        const services = view.current();
        return { items: [...services.keys()].sort().map((service) => shown(service, services)) };
      },
    );

    app.get(
      "/api/analysis-services/:id",
      { schema: { summary: "One analysis service", params, response: { 200: Shown } } },
      async (request) => shown(request.params.id, view.current()),
    );

    app.put(
      "/api/analysis-services/:id",
      {
        schema: {
          summary: "Configure an analysis service",
          params,
          body: Change,
          response: { 200: Shown },
          refusals: ["unacceptable"],
        },
      },
      async (request, reply) => {
        const { id: service } = request.params;
        const settings = AnalysisService.parse(withoutId(request.body));
        const errors = settings.type === "http" ? await urlErrors("url", settings.url, allowPrivate) : [];
        if (errors.length > 0) throw new Refused(refusal("unacceptable", { errors }));
        return shown(service, await change({ type: "configure", service, settings }, reply));
      },
    );

    app.delete(
      "/api/analysis-services/:id",
      {
        schema: {
          summary: "Remove an analysis service that no campaign asks",
          params,
          response: noContent,
          refusals: ["conflict"],
        },
      },
      async (request, reply) => {
        const { id: service } = request.params;
        await change({ type: "remove", service, asked_by: askedBy(service) }, reply);
        return reply.code(204).send();
      },
    );
  };
}

const withoutId = ({ id: _, ...settings }: z.infer<typeof Change>): object => settings;

function refusalOf(refused: AnalysisServiceRefusal): Refusal {
  switch (refused.reason) {
    case "no_such_service":
      return refusal("not_found");
    case "campaigns_ask_it":
      return refusal("conflict", {
        detail: `These campaigns still ask this service: ${refused.campaigns.join(", ")}`,
      });
  }
}
