// The rules in force: a live view.
import { RULESET_STREAM, rulesetEvents } from "#domain/rules/events.ts";
import { type Ruleset, ruleset } from "#domain/rules/ruleset.ts";
import { createCodec } from "#platform/event-store/codec.ts";
import type { LiveView } from "#platform/live-view.ts";
import type { Yard } from "#platform/yard.ts";
import { follow } from "../configuration.ts";

export const configuredRules = {
  name: "ruleset",
  stream: RULESET_STREAM,
  codec: createCodec(rulesetEvents),
  decider: ruleset,
};

/** `compiled_at`: when this process took the rules into use. */
export type RulesetView = LiveView<Ruleset & { readonly compiled_at: string }>;

export function followRuleset(yard: Yard): Promise<RulesetView> {
  return follow(yard, configuredRules, (state) => ({ ...state, compiled_at: new Date().toISOString() }));
}
