// The partners as they are configured now: a live view that the admin API reads.
import type { PartnerId } from "#domain/ids.ts";
import { PARTNER_CONFIG_STREAM, partnerConfigEvents } from "#domain/partner/config.ts";
import { type ConfiguredPartner, existingPartner, partnerConfiguration } from "#domain/partner/configured.ts";
import { createCodec } from "#platform/event-store/codec.ts";
import type { LiveView } from "#platform/live-view.ts";
import type { Yard } from "#platform/yard.ts";
import { follow } from "../configuration.ts";

export const configuredPartners = {
  name: "partners",
  stream: PARTNER_CONFIG_STREAM,
  codec: createCodec(partnerConfigEvents),
  decider: partnerConfiguration,
};

export type PartnersView = LiveView<ReadonlyMap<PartnerId, ConfiguredPartner>>;

export function followPartners(yard: Yard): Promise<PartnersView> {
  return follow(
    yard,
    configuredPartners,
    (partners) => new Map([...partners].filter(([id]) => existingPartner(partners, id) !== undefined)),
  );
}
