import { z } from "zod";
import { type EventOf, Instant } from "../event.ts";
import { Rule } from "./rule.ts";

// Stream: ruleset. Each change stores the whole set, so that any past decision can be explained with one read.

export const RULESET_STREAM = "ruleset";

export const rulesetEvents = {
  RulesetChanged: {
    version: 1,
    schema: z.object({
      version: z.int().positive(),
      rules: z.array(Rule),
      reason: z.string().optional(),
    }),
  },
} as const;

export type RulesetEvent = EventOf<typeof rulesetEvents>;

// Stream: ruleset_compiled. Written by the compiler; a set is in force once it is compiled.

export const RULESET_COMPILED_STREAM = "ruleset_compiled";

const compiled = z.object({ version: z.int().positive() });

export const compiledEvents = {
  RulesetCompiled: {
    version: 1,
    schema: compiled.extend({
      compiled_at: Instant,
      /** Of the code. */
      hash: z.string(),
      /** The code; absent where it is too large to be an event, then each router compiles for itself. */
      source: z.string().optional(),
      /** Empty by now: nobody reads what the check had to say, but earlier releases ask for it. */
      findings: z.record(z.string(), z.int().nonnegative()),
      /** How long it took. */
      ms: z.number(),
    }),
  },
  /** The set before it stays in force. */
  RulesetNotCompiled: { version: 1, schema: compiled.extend({ reason: z.string() }) },
} as const;

export type CompiledEvent = EventOf<typeof compiledEvents>;
