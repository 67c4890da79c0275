import { accept, type Decider, type Decision, refuse } from "../decider.ts";
import type { Sealed } from "../event.ts";
import type { PartnerId, RuleId } from "../ids.ts";
import type { PartnerConfig, PartnerConfigEvent } from "./config.ts";

// The partners as people have configured them.

export interface ConfiguredPartner {
  readonly config: PartnerConfig;
  readonly sealed_secret: Sealed | undefined;
  /** A paused one keeps its mail; a removed one is still here, because its mail has to end somewhere. */
  readonly standing: "active" | "paused" | "removed";
}

/** Every partner that was ever configured. */
export type ConfiguredPartners = ReadonlyMap<PartnerId, ConfiguredPartner>;

export type ConfigurePartner =
  | {
      readonly type: "configure";
      readonly partner: PartnerId;
      readonly config: PartnerConfig;
      /** A secret is never shown, so what was read can be written back only if it may stay. */
      readonly secret: Sealed | "keep" | "none";
    }
  | { readonly type: "pause" | "resume"; readonly partner: PartnerId }
  /** `routed_by`: the rules that lead to it. */
  | { readonly type: "remove"; readonly partner: PartnerId; readonly routed_by: readonly RuleId[] };

export type ConfigureRefusal =
  | { readonly reason: "no_such_partner" }
  | { readonly reason: "rules_route_to_it"; readonly rules: readonly RuleId[] };

type Decided = Decision<PartnerConfigEvent, ConfigureRefusal>;

export function existingPartner(partners: ConfiguredPartners, id: PartnerId): ConfiguredPartner | undefined {
  const partner = partners.get(id);
  return partner?.standing === "removed" ? undefined : partner;
}

function evolve(partners: ConfiguredPartners, event: PartnerConfigEvent): ConfiguredPartners {
  const before = partners.get(event.data.partner);
  const after = evolveOne(before, event);
  return after === undefined ? partners : new Map(partners).set(event.data.partner, after);
}

function evolveOne(
  before: ConfiguredPartner | undefined,
  event: PartnerConfigEvent,
): ConfiguredPartner | undefined {
  switch (event.type) {
    case "PartnerConfigured": {
      const { config, sealed_secret } = event.data;
      return { config, sealed_secret, standing: before?.standing === "paused" ? "paused" : "active" };
    }
    case "PartnerPaused":
      return before && { ...before, standing: "paused" };
    case "PartnerResumed":
      return before && { ...before, standing: "active" };
    case "PartnerRemoved":
      return before && { ...before, standing: "removed" };
  }
}

function decide(command: ConfigurePartner, partners: ConfiguredPartners): Decided {
  const { partner } = command;
  const before = existingPartner(partners, partner);
  switch (command.type) {
    case "configure": {
      const { config, secret } = command;
      const sealed_secret =
        secret === "keep" ? before?.sealed_secret : secret === "none" ? undefined : secret;
      const data = { partner, config, ...(sealed_secret && { sealed_secret }) };
      return accept<PartnerConfigEvent>({ type: "PartnerConfigured", data });
    }
    case "pause":
      return before ? accept<PartnerConfigEvent>({ type: "PartnerPaused", data: { partner } }) : unknown;
    case "resume":
      return before ? accept<PartnerConfigEvent>({ type: "PartnerResumed", data: { partner } }) : unknown;
    case "remove": {
      if (before === undefined) return unknown;
      const { routed_by: rules } = command;
      if (rules.length > 0) return { accepted: false, reason: "rules_route_to_it", rules };
      return accept<PartnerConfigEvent>({ type: "PartnerRemoved", data: { partner } });
    }
  }
}

const unknown = refuse("no_such_partner");

export const partnerConfiguration: Decider<ConfiguredPartners, ConfigurePartner, Decided> = {
  initial: new Map(),
  evolve,
  decide,
};
