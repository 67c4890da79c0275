import {
  CONTEXT_KIND_STREAM,
  type ContextKindEvent,
  contextKindEvents,
  contextKinds,
} from "#domain/context/context.ts";
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
import {
  ROUTING_SERVICE_STREAM,
  type RoutingService,
  type RoutingServiceEvent,
  type RoutingServices,
  routingServiceEvents,
  routingServices,
} from "#domain/routing-service/service.ts";
import { compileRules, type Decide, loadRules } from "#domain/rules/compile/compile.ts";
import {
  type CompiledEvent,
  compiledEvents,
  RULESET_COMPILED_STREAM,
  RULESET_STREAM,
  type RulesetEvent,
  rulesetEvents,
} from "#domain/rules/events.ts";
import { type Ruleset, ruleset } from "#domain/rules/ruleset.ts";
import type { PartnerState, Routable } from "#domain/submission/route.ts";
import { createCodec } from "#platform/event-store/codec.ts";
import { liveView } from "#platform/live-view.ts";
import type { Yard } from "#platform/yard.ts";

/** What a lead is routed by. */
export interface RoutableNow extends Routable {
  readonly service: (id: string) => RoutingService | undefined;
  /** Of which there are context objects. */
  readonly contextKinds: ReadonlySet<string>;
}

interface Routing {
  /** Changed and not compiled yet; the newest last. */
  readonly pending: readonly Ruleset[];
  readonly inForce: InForce;
  readonly partners: ConfiguredPartners;
  readonly services: RoutingServices;
  readonly contextKinds: ReadonlySet<string>;
}

interface InForce extends Ruleset {
  readonly source: string | undefined;
}

type Event = RulesetEvent | CompiledEvent | PartnerConfigEvent | RoutingServiceEvent | ContextKindEvent;

function evolve(state: Routing, event: Event): Routing {
  switch (event.type) {
    case "RulesetChanged":
      return { ...state, pending: [...state.pending, ruleset.evolve(ruleset.initial, event)] };
    case "RulesetCompiled": {
      const { version, source } = event.data;
      const compiled = state.pending.find((one) => one.version === version);
      if (compiled === undefined) return state;
      return { ...state, pending: later(state.pending, version), inForce: { ...compiled, source } };
    }
    case "RulesetNotCompiled":
      return { ...state, pending: later(state.pending, event.data.version) };
    case "PartnerConfigured":
    case "PartnerRemoved":
    case "PartnerPaused":
    case "PartnerResumed":
      return { ...state, partners: partnerConfiguration.evolve(state.partners, event) };
    case "RoutingServiceConfigured":
    case "RoutingServiceRemoved":
      return { ...state, services: routingServices.evolve(state.services, event) };
    case "ContextKindIntroduced":
      return { ...state, contextKinds: contextKinds.evolve(state.contextKinds, event) };
  }
}

const later = (pending: readonly Ruleset[], version: number): readonly Ruleset[] =>
  pending.filter((one) => one.version > version);

/** The rules in force, who takes submissions and who may be asked, kept up to date from the log. */
export async function routingView(yard: Yard): Promise<() => RoutableNow> {
  const inForce: InForce = { ...ruleset.initial, source: undefined };
  const initial: Routing = {
    pending: [],
    inForce,
    partners: partnerConfiguration.initial,
    services: routingServices.initial,
    contextKinds: contextKinds.initial,
  };
  const view = await liveView({
    name: "routing",
    streams: [
      RULESET_STREAM,
      RULESET_COMPILED_STREAM,
      PARTNER_CONFIG_STREAM,
      ROUTING_SERVICE_STREAM,
      CONTEXT_KIND_STREAM,
    ],
    eventStore: yard.eventStore(),
    codec: createCodec({
      ...rulesetEvents,
      ...compiledEvents,
      ...partnerConfigEvents,
      ...routingServiceEvents,
      ...contextKindEvents,
    }),
    initial,
    evolve,
    derive: routable,
    lifecycle: yard.lifecycle,
    log: yard.log,
    metrics: yard.metrics,
  });
  return () => view.current();
}

function routable(
  { inForce, partners, services, contextKinds }: Routing,
  before: RoutableNow | undefined,
): RoutableNow {
  const { version, rules, source } = inForce;
  // Loaded only for what is used: a start passes over many versions.
  const decide = before?.version === version ? before.decide : loaded(rules, source);
  return {
    version,
    decide,
    partner: (id: PartnerId) => stateOf(partners.get(id)),
    service: (id) => services.get(id),
    contextKinds,
  };
}

const loaded = (rules: Ruleset["rules"], source: string | undefined): Decide =>
  loadRules(source ?? compileRules(rules).source, rules);

function stateOf(partner: ConfiguredPartner | undefined): PartnerState {
  if (partner === undefined || partner.standing === "removed") return "unknown";
  return partner.config.enabled ? "open" : "disabled";
}
