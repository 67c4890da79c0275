// Replies that a producer signs, over every way in but the API: authenticated, checked, handed to the campaign's owner.
import { CampaignId } from "#domain/ids.ts";
import type { HeaderValues } from "#platform/webhooks.ts";
import { readJson } from "../http/json-body.ts";
import { parseInput } from "../http/parse.ts";
import { MAX_BODY_BYTES } from "../intake/limits.ts";
import { authenticate, type Sender } from "../intake/signature.ts";
import { claimedSource, type KnownSources } from "../intake/sources.ts";
import { isRefusal, type Refusal, Refused, refusal } from "../refusal.ts";
import { type ReplyParts, type TakenReply, takeReply } from "./replies.ts";
import { Reply } from "./schemas.ts";
import type { CampaignsView } from "./shown-campaign.ts";

export interface ReplyArrival {
  /** As named. */
  readonly campaign: string;
  readonly headers: HeaderValues;
  readonly body: Buffer;
  /** Milliseconds. The signature is judged by the clock of this moment. */
  readonly at: number;
}

/** Rejects where it can't be said now what becomes of it. */
export type ReplyIntake = (arrival: ReplyArrival) => Promise<TakenReply | Refusal>;

export interface ReplyIntakeParts extends ReplyParts {
  readonly sources: () => KnownSources;
  readonly campaigns: CampaignsView;
}

const NO_CAMPAIGN = refusal("not_found", {
  detail: "There is no campaign with the id that the subject names; check it, or define the campaign",
});

export function createReplyIntake({ sources, campaigns, ...parts }: ReplyIntakeParts): ReplyIntake {
  /** The subject names a campaign, so a header names the source; without it, whoever's secret has signed. */
  function senderOf({ headers, body, at }: ReplyArrival): Sender | undefined {
    const claimed = headers["x-source"];
    if (claimed !== undefined) return authenticate(claimedSource(sources(), claimed), { headers, body }, at);
    for (const source of sources().values()) {
      const sender = authenticate(source, { headers, body }, at);
      if (sender !== undefined) return sender;
    }
    return undefined;
  }

  return async (arrival) => {
    if (arrival.body.length > MAX_BODY_BYTES) return refusal("too_large");
    const sender = senderOf(arrival);
    if (sender === undefined) return refusal("unauthenticated");
    const json = readJson(arrival.body);
    if (isRefusal(json)) return json;
    const reply = parseInput(Reply, json);
    if (isRefusal(reply)) return reply;
    const campaign = CampaignId.safeParse(arrival.campaign);
    if (!campaign.success || !campaigns.current().has(campaign.data)) return NO_CAMPAIGN;
    try {
      return await takeReply(campaign.data, reply, parts, `source:${sender.source.id}`);
    } catch (error) {
      if (error instanceof Refused) return error.refusal;
      throw error;
    }
  };
}
