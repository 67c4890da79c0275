// The rules in force: a live view, and what it says about who is routed to.
import type { PartnerId } from "#domain/ids.ts";
import { RULESET_STREAM, type RulesetEvent, rulesetEvents } from "#domain/rules/events.ts";
import type { RouteTarget, Rule } from "#domain/rules/rule.ts";
import { createCodec } from "#platform/event-store/codec.ts";
import { type LiveView, liveView } from "#platform/live-view.ts";
import type { Yard } from "#platform/yard.ts";

export interface Ruleset {
  readonly rules: readonly Rule[];
  /** 0 before anybody has made rules. */
  readonly version: number;
}

export interface RulesInForce extends Ruleset {
  /** When this process took them into use. */
  readonly compiled_at: string;
}

export type RulesetView = LiveView<RulesInForce>;

export const rulesetCodec = createCodec(rulesetEvents);

export const noRules: Ruleset = { rules: [], version: 0 };

export function evolve(_state: Ruleset, { data }: RulesetEvent): Ruleset {
  return { rules: data.rules, version: data.version };
}

export function followRuleset({ eventStore, lifecycle, log }: Yard): Promise<RulesetView> {
  return liveView<RulesInForce, RulesetEvent>({
    name: "ruleset",
    prefixes: [RULESET_STREAM],
    eventStore: eventStore(),
    codec: rulesetCodec,
    initial: { ...noRules, compiled_at: new Date().toISOString() },
    evolve: (state, event) => ({ ...evolve(state, event), compiled_at: new Date().toISOString() }),
    lifecycle,
    log,
  });
}

/** The partners that a route may lead to, with where in the route each one stands. */
export function targetsOf(route: RouteTarget): { readonly partner: PartnerId; readonly path: string }[] {
  if ("to" in route) return [{ partner: route.to, path: "to" }];
  if ("waterfall" in route)
    return route.waterfall.map((partner, at) => ({ partner, path: `waterfall.${at}` }));
  if ("split" in route) return route.split.map(({ to }, at) => ({ partner: to, path: `split.${at}.to` }));
  return [];
}

export function rulesThatName(partner: PartnerId, rules: readonly Rule[]): string[] {
  return rules
    .filter(({ route }) => targetsOf(route).some((one) => one.partner === partner))
    .map(({ id }) => id);
}
