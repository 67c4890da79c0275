import { accept, type Decider, type Decision, refuse } from "../decider.ts";
import type { PartnerId, RuleId } from "../ids.ts";
import type { RulesetEvent } from "./events.ts";
import type { RouteTarget, Rule } from "./rule.ts";

// The rules in force, and how they change.

export interface Ruleset {
  readonly rules: readonly Rule[];
  /** 0 before anybody has made rules. */
  readonly version: number;
}

export type ChangeRules = {
  /** Whether a rule may lead to this partner. */
  readonly partnerExists: (id: PartnerId) => boolean;
} & (
  | { readonly type: "replace_all"; readonly rules: readonly Rule[]; readonly expected_version?: number }
  | { readonly type: "put"; readonly rule: Rule }
  | { readonly type: "remove"; readonly id: RuleId }
);

/** What is wrong with a rule, and where in what was sent. */
export interface RuleFlaw {
  readonly path: string;
  readonly message: string;
}

export type RulesRefusal =
  | { readonly reason: "version_moved" | "no_such_rule" }
  | { readonly reason: "flawed"; readonly flaws: readonly RuleFlaw[] };

type Decided = Decision<RulesetEvent, RulesRefusal>;

function decide(command: ChangeRules, before: Ruleset): Decided {
  const { partnerExists } = command;
  switch (command.type) {
    case "replace_all": {
      const { rules, expected_version } = command;
      if (expected_version !== undefined && expected_version !== before.version)
        return refuse("version_moved");
      const flaws = rules.flatMap((rule, at) => unknownTargets(rule, partnerExists, `rules.${at}.`));
      return changed(before, rules, [...repeatedIds(rules), ...flaws]);
    }
    case "put": {
      const { rule } = command;
      const at = before.rules.findIndex(({ id }) => id === rule.id);
      const rules = at < 0 ? [...before.rules, rule] : before.rules.with(at, rule);
      return changed(before, rules, unknownTargets(rule, partnerExists, ""));
    }
    case "remove": {
      const rules = before.rules.filter(({ id }) => id !== command.id);
      return rules.length === before.rules.length ? refuse("no_such_rule") : changed(before, rules, []);
    }
  }
}

function changed({ version }: Ruleset, rules: readonly Rule[], flaws: readonly RuleFlaw[]): Decided {
  if (flaws.length > 0) return { accepted: false, reason: "flawed", flaws };
  return accept({ type: "RulesetChanged", data: { version: version + 1, rules: [...rules] } });
}

export const ruleset: Decider<Ruleset, ChangeRules, Decided> = {
  initial: { rules: [], version: 0 },
  evolve: (_before, { data }) => ({ rules: data.rules, version: data.version }),
  decide,
};

/** The partners that a route may lead to, with where in the route each one stands. */
function targetsOf(route: RouteTarget): { readonly partner: PartnerId; readonly path: string }[] {
  if ("to" in route) return [{ partner: route.to, path: "to" }];
  if ("waterfall" in route)
    return route.waterfall.map((partner, at) => ({ partner, path: `waterfall.${at}` }));
  if ("split" in route) return route.split.map(({ to }, at) => ({ partner: to, path: `split.${at}.to` }));
  return [];
}

/** The rules that lead to this partner. */
export function rulesRoutingTo(partner: PartnerId, rules: readonly Rule[]): RuleId[] {
  return rules
    .filter(({ route }) => targetsOf(route).some((target) => target.partner === partner))
    .map(({ id }) => id);
}

function unknownTargets({ route }: Rule, exists: ChangeRules["partnerExists"], prefix: string): RuleFlaw[] {
  // No routing service can be configured yet, so none can be asked.
  if ("ask" in route) return [{ path: `${prefix}route.ask`, message: "there is no such routing service" }];
  return targetsOf(route)
    .filter(({ partner }) => !exists(partner))
    .map(({ path }) => ({ path: `${prefix}route.${path}`, message: "there is no such partner" }));
}

function repeatedIds(rules: readonly Rule[]): RuleFlaw[] {
  const seen = new Set<string>();
  return rules.flatMap(({ id }, at) => {
    if (seen.has(id)) return [{ path: `rules.${at}.id`, message: "is used by an earlier rule" }];
    seen.add(id);
    return [];
  });
}
