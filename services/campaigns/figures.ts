// What Prometheus is shown of a campaign, by its owner.
import type { CampaignId } from "#domain/ids.ts";
import { every } from "#platform/every.ts";
import type { Log } from "#platform/log.ts";
import type { Metrics } from "#platform/metrics.ts";

const LOOK_MS = 2_000;

export interface CampaignFigures {
  /** A member has come to a step, or has failed. */
  countMove(): void;
  /** Then this process shows no longer whether it has work. */
  close(): void;
}

export interface CampaignFiguresParts {
  readonly campaign: CampaignId;
  readonly hasWork: () => boolean;
  readonly metrics: Pick<Metrics, "campaignHasWork" | "campaignMovesTotal">;
  readonly log: Log;
}

export function showCampaign({ campaign, hasWork, metrics, log }: CampaignFiguresParts): CampaignFigures {
  const { campaignHasWork, campaignMovesTotal } = metrics;
  // From the start, so that the first move is an increase.
  campaignMovesTotal.inc({ campaign }, 0);
  const stopLooking = every({
    ms: LOOK_MS,
    atOnce: true,
    work: async () => campaignHasWork.set({ campaign }, hasWork() ? 1 : 0),
    onError: (error) => log.debug({ err: error }, "campaign's figures not looked at"),
  });
  return {
    countMove: () => campaignMovesTotal.inc({ campaign }),
    close() {
      stopLooking();
      campaignHasWork.remove({ campaign });
    },
  };
}
