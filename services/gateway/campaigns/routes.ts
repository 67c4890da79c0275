// /api/campaigns: campaigns, how they are begun and stopped, and what is told about them.
import { z } from "zod";
import { CAMPAIGN_CONFIG_STREAM } from "#domain/campaign/configured.ts";
import type { CampaignDefinition } from "#domain/campaign/definition.ts";
import { definitionErrors } from "#domain/campaign/graph.ts";
import { CampaignId } from "#domain/ids.ts";
import type { ConfiguredPartners } from "#domain/partner/configured.ts";
import type { Bus } from "#platform/bus/bus.ts";
import type { EventStore } from "#platform/event-store/event-store.ts";
import type { StoredEvent } from "#platform/event-store/stored-event.ts";
import { changer } from "../admin/change.ts";
import { notFound } from "../admin/scope.ts";
import { expectedVersion, VersionMoved, versionMoved } from "../admin/version-moved.ts";
import { describeScope, type Routes, zodValidator } from "../http/route-schema.ts";
import { reportPosition } from "../reading/report-position.ts";
import { type InputError, Refused, refusal } from "../refusal.ts";
import type { AnalysisServicesView } from "./analysis-services.ts";
import { type MemberRoutesParts, memberRoutes } from "./member-routes.ts";
import { paceFrom } from "./owner.ts";
import { Campaign, CampaignChange, Campaigns } from "./schemas.ts";
import { configuredCampaigns, funnelOf, NOBODY, refusalOf, statusOf } from "./shown-campaign.ts";

export interface CampaignRoutesParts extends MemberRoutesParts {
  readonly eventStore: EventStore;
  readonly bus: Bus;
  readonly partners: { current(): ConfiguredPartners };
  readonly services: AnalysisServicesView;
}

const params = z.object({ id: CampaignId });

const madeVersions = (campaign: CampaignId) => ({
  stream: CAMPAIGN_CONFIG_STREAM,
  what: "campaign",
  isVersion: ({ type, data }: StoredEvent) =>
    type === "CampaignDefined" && (data as { campaign?: unknown }).campaign === campaign,
});

export function campaignRoutes(parts: CampaignRoutesParts): Routes {
  const { eventStore, bus, view, partners, services, queries } = parts;
  const change = changer(eventStore, configuredCampaigns, view, refusalOf);

  async function shown(id: CampaignId, campaigns = view.current()): Promise<z.input<typeof Campaign>> {
    const campaign = campaigns.get(id);
    if (campaign === undefined) throw notFound();
    const [figures, pace] = await Promise.all([queries.figures(id), paceFrom(bus, id)]);
    const { definition, version } = campaign;
    return {
      id,
      ...definition,
      version,
      status: statusOf(campaign, figures),
      counts: figures.counts,
      funnel: funnelOf(campaign, figures),
      next_due_at: figures.next_due_at ?? null,
      ...(figures.import && { import: figures.import }),
      ...(pace && { pace }),
    };
  }

  /** Besides what the definition itself says: whom it names has to be there. */
  function namesErrors({ steps }: CampaignDefinition): InputError[] {
    return steps.flatMap((step, n) => {
      if (step.type === "send") {
        const partner = partners.current().get(step.partner);
        const isThere = partner !== undefined && partner.standing !== "removed";
        return isThere ? [] : [{ path: `steps.${n}.partner`, message: `names no partner: ${step.partner}` }];
      }
      if (step.type === "analyze" && !services.current().has(step.service))
        return [{ path: `steps.${n}.service`, message: `names no analysis service: ${step.service}` }];
      return [];
    });
  }

  const reading: Routes = async (app) => {
    reportPosition(app, queries);

    app.get(
      "/api/campaigns",
      { schema: { summary: "All campaigns", response: { 200: Campaigns } } },
      async () => {
        const counts = await queries.allCounts();
        const items = [...view.current()].map(([id, campaign]) => {
          const own = { counts: counts.get(id) ?? NOBODY, import: undefined };
          const { definition, version } = campaign;
          return { id, name: definition.name, version, status: statusOf(campaign, own), counts: own.counts };
        });
        return { items };
      },
    );

    app.get(
      "/api/campaigns/:id",
      {
        schema: {
          summary: "One campaign, with how many members are where",
          params,
          response: { 200: Campaign },
        },
      },
      (request) => shown(request.params.id),
    );
  };

  return async (app) => {
    describeScope(app, () => ({ tags: ["Campaigns"] }));
    app.setValidatorCompiler(zodValidator("unacceptable"));
    await app.register(reading);
    await app.register(memberRoutes(parts));

    app.put(
      "/api/campaigns/:id",
      {
        schema: {
          summary: "Define a campaign; a changed one is a new version, for those who have not begun",
          params,
          querystring: expectedVersion("campaign"),
          body: CampaignChange,
          response: { 200: Campaign },
          refusals: ["unacceptable", "conflict", "version_moved"],
        },
      },
      async (request, reply) => {
        const campaign = request.params.id;
        const { migrate, name, steps, concurrency, rate, quiet } = request.body;
        const definition: CampaignDefinition = {
          name,
          steps,
          concurrency,
          ...(rate !== undefined && { rate }),
          ...(quiet !== undefined && { quiet }),
        };
        const errors = [...definitionErrors(definition), ...namesErrors(definition)];
        if (errors.length > 0) throw new Refused(refusal("unacceptable", { errors }));
        const { expected_version } = request.query;
        const command = { type: "define", campaign, definition, migrate, expected_version } as const;
        try {
          return shown(campaign, await change(command, reply));
        } catch (error) {
          if (!(error instanceof VersionMoved)) throw error;
          throw new Refused(await versionMoved(error, { eventStore, ...madeVersions(campaign) }));
        }
      },
    );

    const verbs = {
      start: "Start a campaign: its members begin",
      pause: "Pause a campaign: nothing more begins until it is resumed",
      resume: "Resume a paused campaign",
      cancel: "Cancel a campaign for good: nobody goes on",
    } as const;
    for (const [type, summary] of Object.entries(verbs) as [keyof typeof verbs, string][])
      app.post(
        `/api/campaigns/:id/${type}`,
        { schema: { summary, params, response: { 200: Campaign }, refusals: ["conflict"] } },
        async (request, reply) => {
          const campaign = request.params.id;
          return shown(campaign, await change({ type, campaign }, reply));
        },
      );
  };
}
