// Every read model there is.
import type { Vault } from "#platform/vault/vault.ts";
import { auditProjection } from "./audit/projection.ts";
import { campaignsProjection } from "./campaigns/projection.ts";
import { deadLettersProjection } from "./dead-letters/projection.ts";
import { identitiesProjection } from "./identities/projection.ts";
import { leadsProjection } from "./leads/projection.ts";
import { metricsProjection } from "./metrics/projection.ts";
import { partnersProjection } from "./partners/projection.ts";
import type { Projection } from "./projection.ts";
import type { RecordedFactsParts } from "./recorded-facts.ts";
import { shadowProjection } from "./shadow/projection.ts";
import { timersProjection } from "./timers/projection.ts";
import { unfinishedProjection } from "./unfinished/projection.ts";

export function allProjections({
  vault,
  eventStore,
}: RecordedFactsParts & { readonly vault: Vault }): Projection[] {
  return [
    leadsProjection({ vault }),
    unfinishedProjection(),
    partnersProjection(),
    timersProjection(),
    identitiesProjection(),
    deadLettersProjection(),
    metricsProjection(),
    auditProjection(),
    campaignsProjection(),
    shadowProjection({ vault, eventStore }),
  ];
}
