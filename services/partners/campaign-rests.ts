// Which campaigns may not send now: those that are paused or have quiet hours wait, those that are cancelled never send again.
import {
  CAMPAIGN_CONFIG_STREAM,
  campaignConfigEvents,
  campaignConfiguration,
} from "#domain/campaign/configured.ts";
import { sendableFrom } from "#domain/campaign/quiet.ts";
import type { CampaignId } from "#domain/ids.ts";
import { createCodec } from "#platform/event-store/codec.ts";
import { liveView } from "#platform/live-view.ts";
import type { Yard } from "#platform/yard.ts";

export interface CampaignRests {
  /** In milliseconds, and 0 where it may send now; "cancelled" where it never may. */
  restMs(campaign: CampaignId, now: number): number | "cancelled";
}

/** Until one that is paused is looked at again. */
const PAUSED_MS = 500;
const MAX_REST_MS = 60_000;

export async function followCampaignRests(yard: Yard): Promise<CampaignRests> {
  const { initial, evolve } = campaignConfiguration;
  const view = await liveView({
    name: "campaigns",
    streams: [CAMPAIGN_CONFIG_STREAM],
    eventStore: yard.eventStore(),
    codec: createCodec(campaignConfigEvents),
    initial,
    evolve,
    derive: (campaigns) => campaigns,
    lifecycle: yard.lifecycle,
    log: yard.log,
    metrics: yard.metrics,
  });
  return {
    restMs(campaign, now) {
      const found = view.current().get(campaign);
      if (found?.standing === "cancelled") return "cancelled";
      // Where this process has not heard of it, it is not known to be paused either.
      if (found?.standing === "paused") return PAUSED_MS;
      return Math.min(MAX_REST_MS, sendableFrom(found?.definition.quiet, now) - now);
    },
  };
}
