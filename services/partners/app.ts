// The role that delivers: one actor for each partner, each partner owned by one process at a time.

import type { PartnerId } from "#domain/ids.ts";
import { PARTNER_CONFIG_STREAM, partnerConfigEvents } from "#domain/partner/config.ts";
import {
  type ConfiguredPartner,
  type ConfiguredPartners,
  partnerConfiguration,
} from "#domain/partner/configured.ts";
import type { Bus } from "#platform/bus/bus.ts";
import { partnerMailbox } from "#platform/bus/subjects.ts";
import { createCodec } from "#platform/event-store/codec.ts";
import { holdLeases } from "#platform/leases.ts";
import { type LiveView, liveView } from "#platform/live-view.ts";
import { openMailSignature } from "#platform/mail-signature.ts";
import { showQueueDepths } from "#platform/queue-depth.ts";
import { startStep } from "#platform/start-step.ts";
import type { Serving, Yard } from "#platform/yard.ts";
import { startActor } from "./actor.ts";
import { followCampaignRests } from "./campaign-rests.ts";
import type { ChannelParts } from "./channels/channel.ts";
import { ownPartners } from "./owners.ts";
import { serveRequests } from "./requests.ts";
import { createRetirement } from "./retirement.ts";
import { createSandbox, type Sandbox } from "./sandbox/sandbox.ts";
import { openPartnerSnapshots } from "./snapshots.ts";

export async function startPartners(yard: Yard): Promise<Serving> {
  const { config, metrics, lifecycle, log } = yard;
  const [bus, vault, partners, campaigns, snapshots] = await Promise.all([
    yard.bus(),
    yard.vault(),
    followPartners(yard),
    followCampaignRests(yard),
    startStep(yard, "snapshots", () => openPartnerSnapshots({ database: yard.database(), log })),
  ]);
  const signature = await startStep(yard, "mail signature", () => openMailSignature(yard.database()));
  const sandbox = createSandbox({ log });
  lifecycle.own("sandbox", sandbox.close);
  const channels = channelParts(yard, bus, sandbox);
  await serveRequests({ bus, vault, sandbox, channels, partners: partners.current, lifecycle });

  function configured(partner: PartnerId): ConfiguredPartner {
    const found = partners.current().get(partner);
    if (found === undefined) throw new Error(`partner ${partner} is not configured`);
    return found;
  }

  const retirement = createRetirement({
    partners: partners.current,
    eventStore: yard.eventStore(),
    bus,
    onOwed: () => owners.review(),
    log,
  });
  const owners = ownPartners({
    partners,
    retirement,
    start: (partner, lease) =>
      startActor({
        partner,
        configured: () => configured(partner),
        partners: partners.current,
        lease,
        yard,
        bus,
        vault,
        signature,
        campaigns,
        channels,
        snapshots,
        onRetired() {
          retirement.retired(configured(partner));
          owners.review();
        },
      }),
    hold: (events) => holdLeases({ bus, group: "partners", instance: config.instance, log, ...events }),
  });
  const hideQueues = showQueueDepths({
    bus,
    queues: () => owners.owned().map((id) => ({ name: `partner:${id}`, mailbox: partnerMailbox(id) })),
    metrics,
    log,
  });
  lifecycle.own("partners", async () => {
    hideQueues();
    retirement.close();
    await owners.close();
  });
  return {};
}

export const channelParts = ({ config }: Yard, bus: Bus, sandbox: Sandbox): ChannelParts => ({
  allowPrivate: config.allowPrivatePartners,
  bus,
  sandbox,
  smtp: config.smtp,
});

/** Also those that were removed: what waits for them has to end somewhere (drain.ts). */
export function followPartners(yard: Yard): Promise<LiveView<ConfiguredPartners>> {
  const { initial, evolve } = partnerConfiguration;
  return liveView({
    name: "partners",
    streams: [PARTNER_CONFIG_STREAM],
    eventStore: yard.eventStore(),
    codec: createCodec(partnerConfigEvents),
    initial,
    evolve,
    derive: (partners) => partners,
    lifecycle: yard.lifecycle,
    log: yard.log,
    metrics: yard.metrics,
  });
}
