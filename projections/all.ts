// Every read model there is.
import type { Vault } from "#platform/vault/vault.ts";
import type { OnSkipped } from "./decoding.ts";
import { identitiesProjection } from "./identities/projection.ts";
import { leadsProjection } from "./leads/projection.ts";
import { partnersProjection } from "./partners/projection.ts";
import type { Projection } from "./projection.ts";
import { unfinishedProjection } from "./unfinished/projection.ts";

/** `onSkipped` is told the projection's name and why an event was passed over. */
export function allProjections(
  vault: Vault,
  onSkipped: (projection: string, ...skipped: Parameters<OnSkipped>) => void,
): Projection[] {
  const of = (name: string): { vault: Vault; onSkipped: OnSkipped } => ({
    vault,
    onSkipped: (raw, why) => onSkipped(name, raw, why),
  });
  return [
    leadsProjection(of("leads")),
    unfinishedProjection(of("unfinished")),
    partnersProjection(of("partners")),
    identitiesProjection(of("identities")),
  ];
}
