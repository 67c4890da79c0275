// Every partner that was ever configured, as people last left it, with its secret in the clear.
import type { PartnerId } from "#domain/ids.ts";
import { PARTNER_CONFIG_STREAM, type PartnerConfig, partnerConfigEvents } from "#domain/partner/config.ts";
import {
  type ConfiguredPartner,
  type ConfiguredPartners,
  partnerConfiguration,
} from "#domain/partner/configured.ts";
import { partnerConfigContext } from "#domain/seal-contexts.ts";
import { createCodec } from "#platform/event-store/codec.ts";
import { type LiveView, liveView } from "#platform/live-view.ts";
import type { Vault } from "#platform/vault/vault.ts";
import { parseSecret } from "#platform/webhooks.ts";
import type { Yard } from "#platform/yard.ts";

export interface Entry {
  readonly config: PartnerConfig;
  readonly standing: ConfiguredPartner["standing"];
  readonly secret: Buffer | undefined;
  /** As it is configured; another one as soon as anything about it changes. */
  readonly configured: ConfiguredPartner;
}

export type Directory = ReadonlyMap<PartnerId, Entry>;

export function watchPartners(yard: Yard, vault: Vault): Promise<LiveView<Directory>> {
  const { initial, evolve } = partnerConfiguration;
  return liveView({
    name: "partners",
    streams: [PARTNER_CONFIG_STREAM],
    eventStore: yard.eventStore(),
    codec: createCodec(partnerConfigEvents),
    initial,
    evolve,
    derive: (partners, before) => withSecrets(partners, before, vault),
    lifecycle: yard.lifecycle,
    log: yard.log,
  });
}

async function withSecrets(
  partners: ConfiguredPartners,
  before: Directory | undefined,
  vault: Vault,
): Promise<Directory> {
  const entries = new Map<PartnerId, Entry>();
  for (const [id, configured] of partners) {
    const same = before?.get(id);
    entries.set(id, same?.configured === configured ? same : await withSecret(id, configured, vault));
  }
  return entries;
}

async function withSecret(id: PartnerId, configured: ConfiguredPartner, vault: Vault): Promise<Entry> {
  const { config, standing, sealed_secret } = configured;
  const opened = sealed_secret && (await vault.open(sealed_secret, partnerConfigContext(id)));
  return {
    config,
    standing,
    configured,
    secret: typeof opened === "string" ? parseSecret(opened) : undefined,
  };
}
