// Every partner that was ever configured, as people last left it, with its secret in the clear.
import type { PartnerId } from "#domain/ids.ts";
import {
  PARTNER_CONFIG_PREFIX,
  type PartnerConfig,
  type PartnerConfigEvent,
  partnerConfigEvents,
} from "#domain/partner/config.ts";
import { createCodec } from "#platform/event-store/codec.ts";
import { type LiveView, liveView } from "#platform/live-view.ts";
import type { Vault } from "#platform/vault/vault.ts";
import { parseSecret } from "#platform/webhooks.ts";
import type { Yard } from "#platform/yard.ts";

export interface Entry {
  readonly config: PartnerConfig;
  /** A paused one keeps its mail; a removed one is still here, because its mail has to end somewhere. */
  readonly standing: "active" | "paused" | "removed";
  readonly secret: Buffer | undefined;
}

export type Directory = ReadonlyMap<PartnerId, Entry>;

export function watchPartners(yard: Yard, vault: Vault): Promise<LiveView<Directory>> {
  return liveView<Directory, PartnerConfigEvent>({
    name: "partners",
    prefixes: [PARTNER_CONFIG_PREFIX],
    eventStore: yard.eventStore(),
    codec: createCodec(partnerConfigEvents),
    initial: new Map(),
    evolve: async (directory, event) => {
      const entry = await evolve(vault, directory.get(event.data.partner), event);
      return entry === undefined ? directory : new Map(directory).set(event.data.partner, entry);
    },
    lifecycle: yard.lifecycle,
    log: yard.log,
  });
}

async function evolve(
  vault: Vault,
  entry: Entry | undefined,
  event: PartnerConfigEvent,
): Promise<Entry | undefined> {
  switch (event.type) {
    case "PartnerConfigured": {
      const { partner, config, sealed_secret } = event.data;
      const opened = sealed_secret && (await vault.open(sealed_secret, `partner_config-${partner}`));
      const standing = entry?.standing === "paused" ? "paused" : "active";
      return { config, standing, secret: typeof opened === "string" ? parseSecret(opened) : undefined };
    }
    case "PartnerPaused":
      return entry && { ...entry, standing: "paused" };
    case "PartnerResumed":
      return entry && { ...entry, standing: "active" };
    case "PartnerRemoved":
      return entry && { ...entry, standing: "removed" };
  }
}
