// Every read model there is.
import type { Vault } from "#platform/vault/vault.ts";
import { auditProjection } from "./audit/projection.ts";
import { deadLettersProjection } from "./dead-letters/projection.ts";
import type { OnSkipped } from "./decoding.ts";
import { identitiesProjection } from "./identities/projection.ts";
import { leadsProjection } from "./leads/projection.ts";
import { metricsProjection } from "./metrics/projection.ts";
import { partnersProjection } from "./partners/projection.ts";
import type { Projection } from "./projection.ts";
import type { RecordedFactsParts } from "./recorded-facts.ts";
import { shadowProjection } from "./shadow/projection.ts";
import { timersProjection } from "./timers/projection.ts";
import { unfinishedProjection } from "./unfinished/projection.ts";

/** `onSkippedBy` is given the projection's name. */
export function allProjections(
  { vault, eventStore }: RecordedFactsParts & { readonly vault: Vault },
  onSkippedBy: (projection: string) => OnSkipped,
): Projection[] {
  return [
    leadsProjection({ vault, onSkipped: onSkippedBy("leads") }),
    unfinishedProjection({ onSkipped: onSkippedBy("unfinished") }),
    partnersProjection({ onSkipped: onSkippedBy("partners") }),
    timersProjection({ onSkipped: onSkippedBy("timers") }),
    identitiesProjection({ onSkipped: onSkippedBy("identities") }),
    deadLettersProjection({ onSkipped: onSkippedBy("dead_letters") }),
    metricsProjection({ onSkipped: onSkippedBy("metrics") }),
    auditProjection({ onSkipped: onSkippedBy("audit") }),
    shadowProjection({ vault, eventStore, onSkipped: onSkippedBy("shadow") }),
  ];
}
