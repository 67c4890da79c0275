import { accept, type Decider, type Decision, refuse } from "../decider.ts";
import type { Sealed } from "../event.ts";
import type { PartnerId, RuleId } from "../ids.ts";
import { type PartnerConfigEvent, PartnerSettings, type StoredDelivery } from "./config.ts";

// The partners as people have configured them.

export interface ConfiguredPartner {
  /** Another one with each change. */
  readonly config: PartnerSettings;
  /** How often it was configured, counted from 1: what is recorded of a delivery says which of them was used. */
  readonly version: number;
  /** Undefined where what is stored can't be read: then its mail waits until it is configured again. See stored-delivery.ts. */
  readonly delivery: StoredDelivery | undefined;
  /** A paused one keeps its mail; a removed one is still here, because its mail has to end somewhere. */
  readonly standing: "active" | "paused" | "removed";
  /** Of a paused one, where it was told. */
  readonly paused_reason?: string;
  /** Of a removed one: what becomes of its mail. */
  readonly drain?: "next" | "dead_letter";
}

/** Every partner that was ever configured. */
export type ConfiguredPartners = ReadonlyMap<PartnerId, ConfiguredPartner>;

export type ConfigurePartner =
  | {
      readonly type: "configure";
      readonly partner: PartnerId;
      readonly config: PartnerSettings;
      readonly delivery: Sealed;
      /** What was there when its secrets were kept. */
      readonly instead_of: StoredDelivery | undefined;
      /** Of the configuration that is to be replaced; 0 where there may be none yet. Left out, whatever is there. */
      readonly expected_version?: number | undefined;
    }
  | { readonly type: "pause"; readonly partner: PartnerId; readonly reason?: string | undefined }
  | { readonly type: "resume"; readonly partner: PartnerId }
  /** The partner itself has said so, where it was called with this delivery. */
  | {
      readonly type: "pause_gone";
      readonly partner: PartnerId;
      readonly reason: string;
      readonly delivery: StoredDelivery | undefined;
    }
  /** `routed_by`: the rules that lead to it. */
  | {
      readonly type: "remove";
      readonly partner: PartnerId;
      readonly drain: "next" | "dead_letter";
      readonly routed_by: readonly RuleId[];
    };

export type ConfigureRefusal =
  | { readonly reason: "no_such_partner" }
  /** Somebody was faster: what is kept has to be taken from what is there now. */
  | { readonly reason: "delivery_changed"; readonly delivery: StoredDelivery | undefined }
  | { readonly reason: "version_moved"; readonly version: number }
  | { readonly reason: "rules_route_to_it"; readonly rules: readonly RuleId[] };

type Decided = Decision<PartnerConfigEvent, ConfigureRefusal>;

export function existingPartner(partners: ConfiguredPartners, id: PartnerId): ConfiguredPartner | undefined {
  const partner = partners.get(id);
  return partner?.standing === "removed" ? undefined : partner;
}

/** Whether submissions go to it; those for a paused one wait. */
export const takesSubmissions = (partner: ConfiguredPartner | undefined): boolean =>
  partner !== undefined && partner.standing !== "removed" && partner.config.enabled;

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
      const { partner, config, delivery } = event.data;
      const standing = before?.standing === "paused" ? "paused" : "active";
      const version = (before?.version ?? 0) + 1;
      const why = before?.paused_reason === undefined ? {} : { paused_reason: before.paused_reason };
      const paused = { standing, ...(standing === "paused" && why) } as const;
      return config === null || delivery === null
        ? {
            config: config ?? PartnerSettings.parse({ name: partner }),
            version,
            delivery: undefined,
            ...paused,
          }
        : { config, version, delivery, ...paused };
    }
    case "PartnerPaused": {
      const { reason: paused_reason } = event.data;
      return (
        before && {
          ...withoutReason(before),
          standing: "paused",
          ...(paused_reason !== undefined && { paused_reason }),
        }
      );
    }
    case "PartnerResumed":
      return before && { ...withoutReason(before), standing: "active" };
    case "PartnerRemoved":
      return before && { ...withoutReason(before), standing: "removed", drain: event.data.drain };
  }
}

function withoutReason({ paused_reason: _, ...rest }: ConfiguredPartner): ConfiguredPartner {
  return rest;
}

function decide(command: ConfigurePartner, partners: ConfiguredPartners): Decided {
  const { partner } = command;
  const before = existingPartner(partners, partner);
  switch (command.type) {
    case "configure": {
      const { config, delivery: sealed, instead_of, expected_version } = command;
      const version = before?.version ?? 0;
      if (expected_version !== undefined && expected_version !== version)
        return { accepted: false, reason: "version_moved", version };
      // By value: the same event gives another object each time that it is read.
      if (JSON.stringify(before?.delivery) !== JSON.stringify(instead_of))
        return { accepted: false, reason: "delivery_changed", delivery: before?.delivery };
      const data = { partner, config, delivery: { sealed } };
      return accept<PartnerConfigEvent>({ type: "PartnerConfigured", data });
    }
    case "pause":
      return before ? paused(partner, command.reason) : unknown;
    case "pause_gone":
      if (before === undefined) return unknown;
      if (JSON.stringify(before.delivery) !== JSON.stringify(command.delivery))
        return { accepted: false, reason: "delivery_changed", delivery: before.delivery };
      return before.standing === "paused" ? accept<PartnerConfigEvent>() : paused(partner, command.reason);
    case "resume":
      return before ? accept<PartnerConfigEvent>({ type: "PartnerResumed", data: { partner } }) : unknown;
    case "remove": {
      if (before === undefined) return unknown;
      const { drain, routed_by: rules } = command;
      if (rules.length > 0) return { accepted: false, reason: "rules_route_to_it", rules };
      return accept<PartnerConfigEvent>({ type: "PartnerRemoved", data: { partner, drain } });
    }
  }
}

const paused = (partner: PartnerId, reason: string | undefined): Decided =>
  accept<PartnerConfigEvent>({
    type: "PartnerPaused",
    data: { partner, ...(reason !== undefined && { reason }) },
  });

const unknown = refuse("no_such_partner");

export const partnerConfiguration: Decider<ConfiguredPartners, ConfigurePartner, Decided> = {
  initial: new Map(),
  evolve,
  decide,
};
