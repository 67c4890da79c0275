// The partners as they are configured now: a live view that the admin API reads.
import type { PartnerId } from "#domain/ids.ts";
import { PARTNER_CONFIG_STREAM, partnerConfigEvents } from "#domain/partner/config.ts";
import {
  type ConfiguredPartner,
  type ConfiguredPartners,
  existingPartner,
  partnerConfiguration,
} from "#domain/partner/configured.ts";
import { createCodec } from "#platform/event-store/codec.ts";
import { type LiveView, liveView } from "#platform/live-view.ts";
import type { Yard } from "#platform/yard.ts";

export const partnerConfigCodec = createCodec(partnerConfigEvents);

export function followPartners({
  eventStore,
  lifecycle,
  log,
  metrics,
}: Yard): Promise<LiveView<ReadonlyMap<PartnerId, ConfiguredPartner>>> {
  const { initial, evolve } = partnerConfiguration;
  return liveView({
    name: "partners",
    streams: [PARTNER_CONFIG_STREAM],
    eventStore: eventStore(),
    codec: partnerConfigCodec,
    initial,
    evolve,
    derive: existing,
    lifecycle,
    log,
    metrics,
  });
}

const existing = (partners: ConfiguredPartners): ConfiguredPartners =>
  new Map([...partners].filter(([id]) => existingPartner(partners, id) !== undefined));
