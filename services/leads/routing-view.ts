import type { PartnerId } from "#domain/ids.ts";
import {
  PARTNER_CONFIG_STREAM,
  type PartnerConfigEvent,
  partnerConfigEvents,
} from "#domain/partner/config.ts";
import {
  type ConfiguredPartner,
  type ConfiguredPartners,
  partnerConfiguration,
} from "#domain/partner/configured.ts";
import { inOrder } from "#domain/rules/evaluate.ts";
import { RULESET_STREAM, type RulesetEvent, rulesetEvents } from "#domain/rules/events.ts";
import { type Ruleset, ruleset } from "#domain/rules/ruleset.ts";
import type { PartnerState, Routable } from "#domain/submission/route.ts";
import { createCodec } from "#platform/event-store/codec.ts";
import { liveView } from "#platform/live-view.ts";
import type { Yard } from "#platform/yard.ts";

interface Routing {
  readonly ruleset: Ruleset;
  readonly partners: ConfiguredPartners;
}

function evolve(state: Routing, event: RulesetEvent | PartnerConfigEvent): Routing {
  switch (event.type) {
    case "RulesetChanged":
      return { ...state, ruleset: ruleset.evolve(state.ruleset, event) };
    case "PartnerConfigured":
    case "PartnerRemoved":
    case "PartnerPaused":
    case "PartnerResumed":
      return { ...state, partners: partnerConfiguration.evolve(state.partners, event) };
  }
}

/** The rules in force and who takes submissions, kept up to date from the log. */
export async function routingView(yard: Yard): Promise<() => Routable> {
  const view = await liveView({
    name: "routing",
    streams: [RULESET_STREAM, PARTNER_CONFIG_STREAM],
    eventStore: yard.eventStore(),
    codec: createCodec({ ...rulesetEvents, ...partnerConfigEvents }),
    initial: { ruleset: ruleset.initial, partners: partnerConfiguration.initial },
    evolve,
    derive: routable,
    lifecycle: yard.lifecycle,
    log: yard.log,
  });
  return () => view.current();
}

function routable({ ruleset: { rules, version }, partners }: Routing): Routable {
  return { rules: inOrder(rules), version, partner: (id: PartnerId) => stateOf(partners.get(id)) };
}

function stateOf(partner: ConfiguredPartner | undefined): PartnerState {
  if (partner === undefined || partner.standing === "removed") return "unknown";
  return partner.config.enabled ? "open" : "disabled";
}
