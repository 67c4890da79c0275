// How a campaign is configured, and what the API says of it.
import type { z } from "zod";
import {
  CAMPAIGN_CONFIG_STREAM,
  type CampaignRefusal,
  type ConfiguredCampaign,
  type ConfiguredCampaigns,
  campaignConfigEvents,
  campaignConfiguration,
} from "#domain/campaign/configured.ts";
import { createCodec } from "#platform/event-store/codec.ts";
import type { LiveView } from "#platform/live-view.ts";
import type { Yard } from "#platform/yard.ts";
import type { CampaignFigures } from "#projections/campaigns/query.ts";
import { VersionMoved } from "../admin/version-moved.ts";
import { follow } from "../configuration.ts";
import { type Refusal, refusal } from "../refusal.ts";
import type { Campaign } from "./schemas.ts";

export const configuredCampaigns = {
  name: "campaigns",
  stream: CAMPAIGN_CONFIG_STREAM,
  codec: createCodec(campaignConfigEvents),
  decider: campaignConfiguration,
};

export type CampaignsView = LiveView<ConfiguredCampaigns>;
export const followCampaigns = (yard: Yard): Promise<CampaignsView> =>
  follow(yard, configuredCampaigns, (campaigns) => campaigns);

export const NOBODY = { pending: 0, working: 0, waiting: 0, done: 0, failed: 0, cancelled: 0 };

/** It is done once nobody has anything before them; with another member it runs again. */
export function statusOf(
  { standing }: ConfiguredCampaign,
  { counts, import: importing }: Pick<CampaignFigures, "counts" | "import">,
): z.infer<typeof Campaign>["status"] {
  if (standing !== "running") return standing;
  const { pending, working, waiting, done, failed, cancelled } = counts;
  const isOver = pending + working + waiting === 0 && done + failed + cancelled > 0;
  return isOver && importing?.state !== "running" ? "done" : "running";
}

/** The steps of the newest version, and those of older ones that members have been in. */
export function funnelOf(
  { definition }: ConfiguredCampaign,
  { funnel }: CampaignFigures,
): z.infer<typeof Campaign>["funnel"] {
  const ids = new Set([...definition.steps.map(({ id }): string => id), ...funnel.keys()]);
  const none = { entered: 0, left: 0, failed: 0, waiting: 0, working: 0 };
  return [...ids].map((id) => ({ id, ...(funnel.get(id) ?? none) }));
}

export function refusalOf(refused: CampaignRefusal): Refusal {
  switch (refused.reason) {
    case "no_such_campaign":
      return refusal("not_found");
    case "cancelled":
      return refusal("conflict", {
        detail: "The campaign is cancelled, which is for good; define another one",
      });
    case "not_started":
      return refusal("conflict", { detail: "The campaign was never started; start it first" });
    case "paused":
      return refusal("conflict", { detail: "The campaign is paused; resume it instead of starting it" });
    case "version_moved":
      throw new VersionMoved(refused.version, refused.changed);
    case "migration_impossible":
      return refusal("unacceptable", {
        errors: refused.steps.map(({ from, wrong, step }) => ({
          path: `migrate.${from}`,
          message:
            wrong === "from"
              ? `is no step of an older version of this campaign: ${step}`
              : `names no step of this version: ${step}`,
        })),
      });
  }
}
