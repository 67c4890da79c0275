// /api/campaigns: campaigns, their members, and what is told about them.
import type { IncomingMessage } from "node:http";
import { Readable } from "node:stream";
import type { FastifyReply, FastifyRequest } from "fastify";
import { z } from "zod";
import type { ConfiguredCampaign, ConfiguredCampaigns } from "#domain/campaign/configured.ts";
import type { CampaignDefinition } from "#domain/campaign/definition.ts";
import { definitionErrors } from "#domain/campaign/graph.ts";
import { CampaignId, MemberId } from "#domain/ids.ts";
import type { ConfiguredPartners } from "#domain/partner/configured.ts";
import { importContext, SECRETS_KEY } from "#domain/seal-contexts.ts";
import type { Bus } from "#platform/bus/bus.ts";
import type { EventStore } from "#platform/event-store/event-store.ts";
import { newUuid } from "#platform/ids.ts";
import type { LiveView } from "#platform/live-view.ts";
import type { Vault } from "#platform/vault/vault.ts";
import type { Yard } from "#platform/yard.ts";
import type { CampaignQueries } from "#projections/campaigns/query.ts";
import { byOf } from "../access/person.ts";
import { changer } from "../admin/change.ts";
import { urlErrors } from "../admin/partner-url.ts";
import { notFound } from "../admin/scope.ts";
import { follow } from "../configuration.ts";
import { describeScope, type Routes, zodValidator } from "../http/route-schema.ts";
import { reportPosition } from "../reading/report-position.ts";
import { type InputError, Refused, refusal } from "../refusal.ts";
import type { AnalysisServicesView } from "./analysis-services.ts";
import { memberIdFrom, uploadMembers } from "./members.ts";
import { type CampaignOwner, paceFrom, refusedBy } from "./owner.ts";
import { takeReply } from "./replies.ts";
import {
  Campaign,
  CampaignChange,
  Campaigns,
  ImportBegun,
  ImportChange,
  MemberFilter,
  Members,
  MembersAdded,
  MemberWithTimeline,
  Reply,
  ReplyTaken,
} from "./schemas.ts";
import { configuredCampaigns, funnelOf, NOBODY, refusalOf, statusOf } from "./shown-campaign.ts";

export type CampaignsView = LiveView<ConfiguredCampaigns>;
export const followCampaigns = (yard: Yard): Promise<CampaignsView> =>
  follow(yard, configuredCampaigns, (campaigns) => campaigns);

export interface CampaignRoutesParts {
  readonly eventStore: EventStore;
  readonly bus: Bus;
  readonly vault: Vault;
  readonly view: CampaignsView;
  readonly partners: { current(): ConfiguredPartners };
  readonly services: AnalysisServicesView;
  readonly queries: CampaignQueries;
  readonly owner: CampaignOwner;
  readonly allowPrivate: boolean;
}

const NDJSON = "application/x-ndjson";
const params = z.object({ id: CampaignId });
const Lines = z.unknown().meta({
  description:
    "A line each: `{email, full_name?, phone?, …}`; all other fields can be used in templates and branches",
});

export function campaignRoutes(parts: CampaignRoutesParts): Routes {
  const { eventStore, bus, vault, view, partners, services, queries, owner, allowPrivate } = parts;
  const change = changer(eventStore, configuredCampaigns, view, refusalOf);

  function configured(id: CampaignId): ConfiguredCampaign {
    const found = view.current().get(id);
    if (found === undefined) throw notFound();
    return found;
  }

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

    app.get(
      "/api/campaigns/:id/members",
      {
        schema: {
          summary: "Members of a campaign, in the order in which they were added",
          params,
          querystring: MemberFilter,
          response: { 200: Members },
        },
      },
      async (request) => {
        const { id } = request.params;
        configured(id);
        const { q, ...filter } = request.query;
        if (q === undefined) return queries.members(id, filter);
        const member = memberIdFrom(id, q, vault);
        return member === undefined ? { items: [] } : queries.members(id, { ...filter, id: member });
      },
    );

    app.get(
      "/api/campaigns/:id/members/:member_id",
      {
        schema: {
          summary: "One member, with all that happened to it",
          params: params.extend({ member_id: MemberId }),
          response: { 200: MemberWithTimeline },
        },
      },
      async (request) => {
        const { id, member_id } = request.params;
        const found = await queries.member(id, member_id);
        if (found === undefined) throw notFound();
        return found;
      },
    );
  };

  const uploading: Routes = async (app) => {
    app.removeAllContentTypeParsers();
    app.addContentTypeParser(NDJSON, async (_request: FastifyRequest, payload: IncomingMessage) => payload);
    app.post(
      "/api/campaigns/:id/members",
      {
        schema: {
          summary: "Add members, a line each; the same upload once more adds nobody twice",
          params,
          body: { content: { [NDJSON]: { schema: Lines } } },
          response: { 200: MembersAdded },
          refusals: ["conflict"],
        },
      },
      async (request, reply) => {
        const { id } = request.params;
        configured(id);
        const body = request.body instanceof Readable ? request.body : Readable.from([]);
        const { position, ...uploaded } = await uploadMembers(id, body, { vault, owner, by: byOf(request) });
        return positioned(reply, position).send(uploaded);
      },
    );
  };

  return async (app) => {
    describeScope(app, () => ({ tags: ["Campaigns"] }));
    app.setValidatorCompiler(zodValidator("unacceptable"));
    await app.register(reading);
    await app.register(uploading);

    app.put(
      "/api/campaigns/:id",
      {
        schema: {
          summary: "Define a campaign; a changed one is a new version, for those who have not begun",
          params,
          body: CampaignChange,
          response: { 200: Campaign },
          refusals: ["unacceptable", "conflict"],
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
        return shown(campaign, await change({ type: "define", campaign, definition, migrate }, reply));
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

    app.post(
      "/api/campaigns/:id/import",
      {
        schema: {
          summary: "Take members over from another system's HTTP API, page by page",
          params,
          body: ImportChange,
          response: { 202: ImportBegun },
          refusals: ["unacceptable", "conflict"],
        },
      },
      async (request, reply) => {
        const { id } = request.params;
        configured(id);
        const errors = await urlErrors("url", request.body.url, allowPrivate);
        if (errors.length > 0) throw new Refused(refusal("unacceptable", { errors }));
        const sealed = await vault.seal(SECRETS_KEY, request.body, importContext(id));
        const import_id = newUuid();
        const answer = await owner(id, { type: "import", import_id, sealed, by: byOf(request) });
        const refused = refusedBy(answer);
        if (refused !== undefined) throw refused;
        const position = "position" in answer ? answer.position : undefined;
        return positioned(reply, BigInt(position ?? 0))
          .code(202)
          .send({ import_id });
      },
    );

    app.post(
      "/api/campaigns/:id/replies",
      {
        schema: {
          summary: "Hand in what a member has replied; taken once by `message_id`",
          params,
          body: Reply,
          response: { 200: ReplyTaken },
          refusals: ["unacceptable"],
        },
      },
      async (request, reply) => {
        const { id } = request.params;
        configured(id);
        const { position, ...taken } = await takeReply(id, request.body, { vault, owner }, byOf(request));
        return positioned(reply, position ?? 0n).send(taken);
      },
    );
  };
}

function positioned(reply: FastifyReply, position: bigint): FastifyReply {
  return position > 0n ? reply.header("x-position", `${position}`) : reply;
}
