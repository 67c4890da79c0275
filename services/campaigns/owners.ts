// Which campaigns this process owns: each is opened when its lease is gained, told of what people decide, and closed when the lease is lost.
import type { ConfiguredCampaigns } from "#domain/campaign/configured.ts";
import { CampaignId } from "#domain/ids.ts";
import type { Lease, LeaseHolder, LeaseOptions } from "#platform/leases.ts";
import type { LiveView } from "#platform/live-view.ts";

export interface OwnedCampaign {
  /** To be called after each change of what people decide about the campaign. */
  refresh(): void;
  close(): Promise<void>;
}

export interface OwnersParts {
  readonly campaigns: Pick<LiveView<ConfiguredCampaigns>, "current" | "onChange">;
  readonly own: (campaign: CampaignId, lease: Lease) => Promise<OwnedCampaign>;
  readonly hold: (events: Pick<LeaseOptions, "names" | "onGained" | "onLost">) => LeaseHolder;
}

export function ownCampaigns({ campaigns, own, hold }: OwnersParts): { close(): Promise<void> } {
  const owned = new Map<CampaignId, OwnedCampaign>();
  const leases = hold({
    names: () => [...campaigns.current().keys()],
    async onGained(name, lease) {
      const campaign = CampaignId.parse(name);
      const one = await own(campaign, lease);
      owned.set(campaign, one);
      // A change that came while it was opened was told to nobody.
      one.refresh();
    },
    async onLost(name) {
      const campaign = CampaignId.parse(name);
      const one = owned.get(campaign);
      owned.delete(campaign);
      await one?.close();
    },
  });
  const stopListening = campaigns.onChange(() => {
    leases.review();
    for (const one of owned.values()) one.refresh();
  });
  return {
    async close() {
      stopListening();
      await leases.close();
    },
  };
}
