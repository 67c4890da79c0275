import { z } from "zod";
import { accept, type Decider, type Decision, refuse } from "../decider.ts";
import { type EventOf, Instant } from "../event.ts";
import { Rule } from "./rule.ts";
import { flawsIn, type RuleFlaw, type Targets } from "./ruleset.ts";

// Stream: ruleset_shadow. Rules that are evaluated beside those in force, and never used: people start and end them, the compiler says
// that they compile. They count from that event on.

export const SHADOW_STREAM = "ruleset_shadow";

const about = z.object({ version: z.int().positive() });

export const shadowEvents = {
  ShadowStarted: { version: 1, schema: about.extend({ rules: z.array(Rule) }) },
  ShadowCompiled: {
    version: 1,
    schema: about.extend({
      compiled_at: Instant,
      /** Absent where it is too large to be an event. */
      source: z.string().optional(),
    }),
  },
  ShadowNotCompiled: { version: 1, schema: about.extend({ reason: z.string() }) },
  ShadowEnded: { version: 1, schema: about },
} as const;

export type ShadowEvent = EventOf<typeof shadowEvents>;

export interface Shadow {
  /** Of the newest one, also after it has ended; 0 before there was any. */
  readonly version: number;
  readonly rules: readonly Rule[];
  readonly status: "none" | "compiling" | "running" | "failed";
  /** Since when it counts. */
  readonly since?: string;
  /** Why it does not. */
  readonly reason?: string;
}

export type ShadowCommand =
  | { readonly type: "start"; readonly rules: readonly Rule[]; readonly targets: Targets }
  | { readonly type: "end" }
  | { readonly type: "record_compiled"; readonly event: Compiled };

type Compiled = Extract<ShadowEvent, { type: "ShadowCompiled" | "ShadowNotCompiled" }>;

export type ShadowRefusal =
  | { readonly reason: "no_shadow" }
  | { readonly reason: "already_compiled" }
  | { readonly reason: "flawed"; readonly flaws: readonly RuleFlaw[] };

type Decided = Decision<ShadowEvent, ShadowRefusal>;

export const shadow: Decider<Shadow, ShadowCommand, Decided> = {
  initial: { version: 0, rules: [], status: "none" },
  evolve,
  decide,
};

function evolve(state: Shadow, { type, data }: ShadowEvent): Shadow {
  const { version } = data;
  switch (type) {
    case "ShadowStarted":
      return { version, rules: data.rules, status: "compiling" };
    case "ShadowCompiled":
      return { version, rules: state.rules, status: "running", since: data.compiled_at };
    case "ShadowNotCompiled":
      return { version, rules: state.rules, status: "failed", reason: data.reason };
    case "ShadowEnded":
      return { version, rules: [], status: "none" };
  }
}

function decide(command: ShadowCommand, state: Shadow): Decided {
  switch (command.type) {
    case "start": {
      const { rules, targets } = command;
      const flaws = flawsIn({ type: "replace_all", rules }, targets);
      if (flaws.length > 0) return { accepted: false, reason: "flawed", flaws };
      const data = { version: state.version + 1, rules: [...rules] };
      return accept<ShadowEvent>({ type: "ShadowStarted", data });
    }
    case "end":
      if (state.status === "none") return refuse("no_shadow");
      return accept<ShadowEvent>({ type: "ShadowEnded", data: { version: state.version } });
    case "record_compiled": {
      // Another has begun meanwhile, or another compiler was faster.
      const isNews = state.status === "compiling" && state.version === command.event.data.version;
      return isNews ? accept<ShadowEvent>(command.event) : refuse("already_compiled");
    }
  }
}
