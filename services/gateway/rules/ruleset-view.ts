// The rules as people last left them, and how far they are compiled: a live view.
import {
  type CompiledEvent,
  compiledEvents,
  RULESET_COMPILED_STREAM,
  RULESET_STREAM,
  type RulesetEvent,
  rulesetEvents,
} from "#domain/rules/events.ts";
import { type Ruleset, ruleset } from "#domain/rules/ruleset.ts";
import { createCodec } from "#platform/event-store/codec.ts";
import { type LiveView, liveView } from "#platform/live-view.ts";
import type { Yard } from "#platform/yard.ts";

export interface RulesetState extends Ruleset {
  readonly compiled: Compiled;
}

interface Compiled {
  readonly version: number;
  readonly compiled_at: string;
  /** Why the newest set is not in force. */
  readonly failed?: string;
}

export type RulesetView = LiveView<RulesetState>;

export const configuredRules = {
  name: "ruleset",
  stream: RULESET_STREAM,
  codec: createCodec(rulesetEvents),
  decider: ruleset,
};

const initial: RulesetState = {
  ...ruleset.initial,
  compiled: { version: 0, compiled_at: new Date(0).toISOString() },
};

function evolve(state: RulesetState, event: RulesetEvent | CompiledEvent): RulesetState {
  switch (event.type) {
    case "RulesetChanged":
      return { ...state, ...ruleset.evolve(state, event) };
    case "RulesetCompiled":
      return {
        ...state,
        compiled: { version: event.data.version, compiled_at: event.data.compiled_at },
      };
    case "RulesetNotCompiled":
      return { ...state, compiled: { ...state.compiled, failed: event.data.reason } };
  }
}

export function followRuleset({ eventStore, lifecycle, log }: Yard): Promise<RulesetView> {
  return liveView({
    name: "ruleset",
    streams: [RULESET_STREAM, RULESET_COMPILED_STREAM],
    eventStore: eventStore(),
    codec: createCodec({ ...rulesetEvents, ...compiledEvents }),
    initial,
    evolve,
    derive: (state) => state,
    lifecycle,
    log,
  });
}
