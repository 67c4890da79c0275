// /api/campaigns/:id/members: members of campaigns, how they come in, and what they reply.
import type { IncomingMessage } from "node:http";
import { Readable } from "node:stream";
import type { FastifyReply, FastifyRequest } from "fastify";
import { z } from "zod";
import { CampaignId, MemberId } from "#domain/ids.ts";
import { importContext, SECRETS_KEY } from "#domain/seal-contexts.ts";
import { newUuid } from "#platform/ids.ts";
import type { Vault } from "#platform/vault/vault.ts";
import type { CampaignQueries } from "#projections/campaigns/query.ts";
import { byOf } from "../access/person.ts";
import { urlErrors } from "../admin/partner-url.ts";
import { notFound } from "../admin/scope.ts";
import type { Routes } from "../http/route-schema.ts";
import { reportPosition } from "../reading/report-position.ts";
import { Refused, refusal } from "../refusal.ts";
import { memberIdFrom, uploadMembers } from "./members.ts";
import { type CampaignOwner, refusedBy } from "./owner.ts";
import { takeReply } from "./replies.ts";
import {
  ImportBegun,
  ImportChange,
  MemberFilter,
  Members,
  MembersAdded,
  MemberWithTimeline,
  Reply,
  ReplyTaken,
} from "./schemas.ts";
import type { CampaignsView } from "./shown-campaign.ts";

export interface MemberRoutesParts {
  readonly vault: Vault;
  readonly view: CampaignsView;
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

export function memberRoutes({ vault, view, queries, owner, allowPrivate }: MemberRoutesParts): Routes {
  function requireConfigured(id: CampaignId): void {
    if (!view.current().has(id)) throw notFound();
  }

  const reading: Routes = async (app) => {
    reportPosition(app, queries);

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
        requireConfigured(id);
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
        requireConfigured(id);
        const body = request.body instanceof Readable ? request.body : Readable.from([]);
        const { position, ...uploaded } = await uploadMembers(id, body, { vault, owner, by: byOf(request) });
        return positioned(reply, position).send(uploaded);
      },
    );
  };

  return async (app) => {
    await app.register(reading);
    await app.register(uploading);

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
        requireConfigured(id);
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
        requireConfigured(id);
        const { position, ...taken } = await takeReply(id, request.body, { vault, owner }, byOf(request));
        return positioned(reply, position ?? 0n).send(taken);
      },
    );
  };
}

function positioned(reply: FastifyReply, position: bigint): FastifyReply {
  return position > 0n ? reply.header("x-position", `${position}`) : reply;
}
