// What the gateway and the timers ask of a campaign's owner: to add members, take a reply, move a dead letter, begin an import, and how
// fast it goes.
import type { ConfiguredCampaign } from "#domain/campaign/configured.ts";
import { type CampaignCommand, countAdded } from "#domain/campaign/decide.ts";
import { CampaignReply, CampaignRequest } from "#domain/campaign/request.ts";
import type { CampaignId } from "#domain/ids.ts";
import type { CampaignActor } from "./actor.ts";

export interface OwnerRequestParts {
  readonly campaign: CampaignId;
  readonly configured: () => ConfiguredCampaign;
  readonly actor: CampaignActor;
  readonly onImport: () => void;
}

/** Rejects where this process can't say. */
export async function replyTo(data: Uint8Array, parts: OwnerRequestParts): Promise<Uint8Array> {
  const request = CampaignRequest.parse(JSON.parse(Buffer.from(data).toString("utf8")));
  return Buffer.from(JSON.stringify(CampaignReply.parse(await reply(request, parts))));
}

const UNAVAILABLE: CampaignReply = { refused: "unavailable" };

async function reply(request: CampaignRequest, parts: OwnerRequestParts): Promise<CampaignReply> {
  const { actor, configured, onImport } = parts;
  if (request.type === "pace") {
    const pace = await actor.pace();
    return pace === undefined ? UNAVAILABLE : { pace };
  }
  const isGrowing = request.type === "add" || request.type === "import";
  if (isGrowing && configured().standing === "cancelled") return { refused: "cancelled" };
  if (!(await actor.writer.open())) return UNAVAILABLE;
  const { decision, position } = await actor.writer.write({
    command: commandOf(request, parts),
    by: request.by,
  });
  const at = position === undefined ? {} : { position: `${position}` };
  if (!decision.accepted) {
    switch (decision.reason) {
      case "message_known":
        return { taken: false };
      case "no_such_member":
      case "not_a_dead_letter":
      case "import_running":
        return { refused: decision.reason };
      default:
        return UNAVAILABLE;
    }
  }
  actor.review();
  if (request.type === "import") onImport();
  if (request.type === "add") return { added: countAdded(decision.events), ...at };
  return request.type === "reply" ? { taken: true, ...at } : { done: true, ...at };
}

function commandOf(
  request: Exclude<CampaignRequest, { type: "pace" }>,
  { campaign }: OwnerRequestParts,
): CampaignCommand {
  const at = new Date().toISOString();
  switch (request.type) {
    case "add":
      return { type: "add", campaign, members: request.members, at };
    case "reply": {
      const { member_id, message, sealed } = request;
      return { type: "reply", campaign, member_id, message, sealed, at };
    }
    case "redrive":
      return { type: "redrive", campaign, member_id: request.member_id };
    case "discard":
      return { type: "discard", campaign, member_id: request.member_id, reason: request.reason };
    case "import": {
      const { import_id, sealed } = request;
      return { type: "start_import", campaign, import_id, sealed };
    }
  }
}
