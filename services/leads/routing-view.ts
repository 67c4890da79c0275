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

interface Routing {
  /** Changed and not compiled yet; the newest last. */
  readonly pending: readonly Ruleset[];
  readonly inForce: InForce;
  readonly partners: ConfiguredPartners;
}

interface InForce extends Ruleset {
  readonly source: string | undefined;
}

function evolve(state: Routing, event: RulesetEvent | CompiledEvent | PartnerConfigEvent): Routing {
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
  }
}

const later = (pending: readonly Ruleset[], version: number): readonly Ruleset[] =>
  pending.filter((one) => one.version > version);

/** The rules in force and who takes submissions, kept up to date from the log. */
export async function routingView(yard: Yard): Promise<() => Routable> {
  const inForce: InForce = { ...ruleset.initial, source: undefined };
  const initial: Routing = { pending: [], inForce, partners: partnerConfiguration.initial };
  const view = await liveView({
    name: "routing",
    streams: [RULESET_STREAM, RULESET_COMPILED_STREAM, PARTNER_CONFIG_STREAM],
    eventStore: yard.eventStore(),
    codec: createCodec({ ...rulesetEvents, ...compiledEvents, ...partnerConfigEvents }),
    initial,
    evolve,
    derive: routable,
    lifecycle: yard.lifecycle,
    log: yard.log,
    metrics: yard.metrics,
  });
  return () => view.current();
}

function routable({ inForce, partners }: Routing, before: Routable | undefined): Routable {
  const { version, rules, source } = inForce;
  // Loaded only for what is used: a start passes over many versions.
  const decide = before?.version === version ? before.decide : loaded(rules, source);
  return { version, decide, partner: (id: PartnerId) => stateOf(partners.get(id)) };
}

const loaded = (rules: Ruleset["rules"], source: string | undefined): Decide =>
  loadRules(source ?? compileRules(rules).source, rules);

function stateOf(partner: ConfiguredPartner | undefined): PartnerState {
  if (partner === undefined || partner.standing === "removed") return "unknown";
  return partner.config.enabled ? "open" : "disabled";
}
