// The rules in force: a live view.
import { RULESET_STREAM, rulesetEvents } from "#domain/rules/events.ts";
import { type Ruleset, ruleset } from "#domain/rules/ruleset.ts";
import { createCodec } from "#platform/event-store/codec.ts";
import { type LiveView, liveView } from "#platform/live-view.ts";
import type { Yard } from "#platform/yard.ts";

export interface RulesInForce extends Ruleset {
  /** When this process took them into use. */
  readonly compiled_at: string;
}

export type RulesetView = LiveView<RulesInForce>;

export const rulesetCodec = createCodec(rulesetEvents);

export function followRuleset({ eventStore, lifecycle, log }: Yard): Promise<RulesetView> {
  const { initial, evolve } = ruleset;
  return liveView({
    name: "ruleset",
    streams: [RULESET_STREAM],
    eventStore: eventStore(),
    codec: rulesetCodec,
    initial,
    evolve,
    derive: (state) => ({ ...state, compiled_at: new Date().toISOString() }),
    lifecycle,
    log,
  });
}
