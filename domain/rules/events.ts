import { z } from "zod";
import type { EventOf } from "../event.ts";
import { Rule } from "./rule.ts";

// Stream: ruleset. Each change stores the whole set, so that any past decision can be explained with one read.

export const RULESET_STREAM = "ruleset";

export const rulesetEvents = {
  RulesetChanged: {
    version: 1,
    schema: z.object({ version: z.int().positive(), rules: z.array(Rule) }),
  },
} as const;

export type RulesetEvent = EventOf<typeof rulesetEvents>;
