// The role that runs campaigns: one owner for each, which has all of its members, so that its limits are exact over all processes.
import {
  ANALYSIS_SERVICE_STREAM,
  analysisServiceEvents,
  analysisServices,
} from "#domain/analysis/service.ts";
import {
  CAMPAIGN_CONFIG_STREAM,
  type ConfiguredCampaign,
  campaignConfigEvents,
  campaignConfiguration,
} from "#domain/campaign/configured.ts";
import type { CampaignId } from "#domain/ids.ts";
import { PARTNER_CONFIG_STREAM, partnerConfigEvents } from "#domain/partner/config.ts";
import { partnerConfiguration } from "#domain/partner/configured.ts";
import { campaignRequestSubject } from "#platform/bus/subjects.ts";
import { createCodec } from "#platform/event-store/codec.ts";
import { holdLeases, type Lease } from "#platform/leases.ts";
import { liveView } from "#platform/live-view.ts";
import { openMailSignature } from "#platform/mail-signature.ts";
import { openSnapshotStore } from "#platform/snapshots.ts";
import { startStep } from "#platform/start-step.ts";
import type { Serving, Yard } from "#platform/yard.ts";
import { type CampaignActor, startCampaignActor } from "./actor.ts";
import { createAnalysis } from "./analysis.ts";
import { importMembers } from "./import.ts";
import { replyTo } from "./owner-requests.ts";
import { type OwnedCampaign, ownCampaigns } from "./owners.ts";
import { SNAPSHOT_FORMAT } from "./snapshot-format.ts";
import { snapshotsOf } from "./snapshots.ts";

export async function startCampaigns(yard: Yard): Promise<Serving> {
  const { config, metrics, lifecycle, log } = yard;
  const parts = { eventStore: yard.eventStore(), lifecycle, log, metrics };
  const [bus, vault, campaigns, services, partners] = await Promise.all([
    yard.bus(),
    yard.vault(),
    liveView({
      ...parts,
      name: "campaigns",
      streams: [CAMPAIGN_CONFIG_STREAM],
      codec: createCodec(campaignConfigEvents),
      initial: campaignConfiguration.initial,
      evolve: campaignConfiguration.evolve,
      derive: (all) => all,
    }),
    liveView({
      ...parts,
      name: "analysis-services",
      streams: [ANALYSIS_SERVICE_STREAM],
      codec: createCodec(analysisServiceEvents),
      initial: analysisServices.initial,
      evolve: analysisServices.evolve,
      derive: (all) => all,
    }),
    liveView({
      ...parts,
      name: "partners",
      streams: [PARTNER_CONFIG_STREAM],
      codec: createCodec(partnerConfigEvents),
      initial: partnerConfiguration.initial,
      evolve: partnerConfiguration.evolve,
      derive: (all) => all,
    }),
  ]);
  const [signature, store] = await Promise.all([
    startStep(yard, "mail signature", () => openMailSignature(yard.database())),
    startStep(yard, "snapshots", () =>
      openSnapshotStore({ database: yard.database(), format: SNAPSHOT_FORMAT, log }),
    ),
  ]);
  const analysis = createAnalysis({ allowPrivate: config.allowPrivatePartners, metrics });
  lifecycle.own("analysis services", () => analysis.close());

  function configured(id: CampaignId): ConfiguredCampaign {
    const found = campaigns.current().get(id);
    if (found === undefined) throw new Error(`campaign ${id} is not configured`);
    return found;
  }

  async function own(campaign: CampaignId, lease: Lease): Promise<OwnedCampaign> {
    // Whenever the stream was read: it may say that an import has begun of which nobody here was told.
    let reviewImport = (): void => undefined;
    const actor = await startCampaignActor({
      campaign,
      configured: () => configured(campaign),
      services: services.current,
      partners: partners.current,
      lease,
      yard,
      bus,
      vault,
      signature,
      analysis,
      snapshots: snapshotsOf(campaign, { store, log }),
      onLoaded: () => reviewImport(),
    });
    const closing = new AbortController();
    const ending = AbortSignal.any([closing.signal, lease.lost]);
    const importing = importer(campaign, actor, ending);
    reviewImport = importing.review;
    reviewImport();
    const about = { campaign, configured: () => configured(campaign), actor, onImport: importing.review };
    const requests = await bus.serve(campaignRequestSubject(campaign), "owner", ({ data }) =>
      replyTo(data, about),
    );
    return {
      refresh: actor.refresh,
      async close() {
        closing.abort();
        await requests.close();
        await importing.ended();
        await actor.close();
      },
    };
  }

  function importer(campaign: CampaignId, { writer, review }: CampaignActor, signal: AbortSignal) {
    let running: Promise<void> | undefined;
    const begin = (): void => {
      const { allowPrivatePartners: allowPrivate } = config;
      running ??= importMembers({
        campaign,
        writer,
        vault,
        allowPrivate,
        isCancelled: () => configured(campaign).standing === "cancelled",
        onTaken: review,
        signal,
        log: log.child({ campaign }),
      }).finally(() => {
        running = undefined;
      });
    };
    return {
      review: begin,
      ended: async () => running,
    };
  }

  const owners = ownCampaigns({
    campaigns,
    own,
    hold: (events) => holdLeases({ bus, group: "campaigns", instance: config.instance, log, ...events }),
  });
  lifecycle.own("campaigns", owners.close);
  return {};
}
