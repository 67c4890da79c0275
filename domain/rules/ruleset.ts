import { accept, type Decider, type Decision, refuse } from "../decider.ts";
import type { PartnerId, RuleId } from "../ids.ts";
import type { RulesetEvent } from "./events.ts";
import type { RouteTarget, Rule } from "./rule.ts";

// The rules as people last left them, and how they change.

export interface Ruleset {
  readonly rules: readonly Rule[];
  /** 0 before anybody has made rules. */
  readonly version: number;
}

/** What people want to do to the rules. */
export type RulesEdit =
  | { readonly type: "replace_all"; readonly rules: readonly Rule[] }
  | { readonly type: "put"; readonly rule: Rule }
  | { readonly type: "remove"; readonly id: RuleId };

export interface ChangeRules {
  readonly edit: RulesEdit;
  /** The version that was seen by whoever makes the change; any, where it is not said. */
  readonly expected_version: number | undefined;
  readonly reason: string | undefined;
  /** What a rule may lead to. */
  readonly targets: Targets;
  /** The conflicts in the set as it will be, and the version that they were looked for in; undefined where they are accepted. */
  readonly checked: { readonly version: number; readonly conflicts: readonly RuleConflict[] } | undefined;
}

export interface Targets {
  readonly partnerExists: (id: PartnerId) => boolean;
  readonly routingServiceExists: (id: string) => boolean;
}

export interface RuleConflict {
  readonly rules: readonly [string, string];
  readonly witness: Readonly<Record<string, unknown>>;
}

/** What is wrong with a rule, and where in what was sent. */
export interface RuleFlaw {
  readonly path: string;
  readonly message: string;
}

export type RulesRefusal =
  | { readonly reason: "no_such_rule" }
  | { readonly reason: "version_moved"; readonly version: number }
  /** It was checked against a set that is not the newest any more. */
  | { readonly reason: "check_again" }
  | { readonly reason: "flawed"; readonly flaws: readonly RuleFlaw[] }
  | { readonly reason: "conflicting"; readonly conflicts: readonly RuleConflict[] };

type Decided = Decision<RulesetEvent, RulesRefusal>;

/** The rules as they are after the edit; undefined where there is nothing to remove. */
export function edited(rules: readonly Rule[], edit: RulesEdit): readonly Rule[] | undefined {
  switch (edit.type) {
    case "replace_all":
      return edit.rules;
    case "put": {
      const at = rules.findIndex(({ id }) => id === edit.rule.id);
      return at < 0 ? [...rules, edit.rule] : rules.with(at, edit.rule);
    }
    case "remove": {
      const left = rules.filter(({ id }) => id !== edit.id);
      return left.length === rules.length ? undefined : left;
    }
  }
}

function decide(command: ChangeRules, before: Ruleset): Decided {
  const { edit, expected_version, reason, targets, checked } = command;
  const { version } = before;
  if (expected_version !== undefined && expected_version !== version)
    return { accepted: false, reason: "version_moved", version };
  const after = edited(before.rules, edit);
  if (after === undefined) return refuse("no_such_rule");
  const flaws = flawsIn(edit, targets);
  if (flaws.length > 0) return { accepted: false, reason: "flawed", flaws };
  if (checked !== undefined && checked.version !== version) return refuse("check_again");
  const conflicts = checked?.conflicts ?? [];
  if (conflicts.length > 0) return { accepted: false, reason: "conflicting", conflicts };
  const told = reason === undefined ? {} : { reason };
  return accept<RulesetEvent>({
    type: "RulesetChanged",
    data: { version: version + 1, rules: [...after], ...told },
  });
}

export const ruleset: Decider<Ruleset, ChangeRules, Decided> = {
  initial: { rules: [], version: 0 },
  evolve: (_before, { data }) => ({ rules: data.rules, version: data.version }),
  decide,
};

/** The partners that a route may lead to, with where in the route each one stands. */
export function targetsOf(route: RouteTarget): { readonly partner: PartnerId; readonly path: string }[] {
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

/** The rules that ask this routing service. */
export function rulesAsking(service: string, rules: readonly Rule[]): RuleId[] {
  return rules.filter(({ route }) => "ask" in route && route.ask === service).map(({ id }) => id);
}

export function flawsIn(edit: RulesEdit, targets: Targets): RuleFlaw[] {
  switch (edit.type) {
    case "replace_all":
      return [
        ...repeatedIds(edit.rules),
        ...edit.rules.flatMap((rule, at) => unknownTargets(rule, targets, `rules.${at}.`)),
      ];
    case "put":
      return unknownTargets(edit.rule, targets, "");
    case "remove":
      return [];
  }
}

function unknownTargets(
  { route }: Rule,
  { partnerExists, routingServiceExists }: Targets,
  prefix: string,
): RuleFlaw[] {
  if ("ask" in route)
    return routingServiceExists(route.ask)
      ? []
      : [{ path: `${prefix}route.ask`, message: "there is no such routing service" }];
  return targetsOf(route)
    .filter(({ partner }) => !partnerExists(partner))
    .map(({ path }) => ({ path: `${prefix}route.${path}`, message: "there is no such partner" }));
}

export function repeatedIds(rules: readonly Rule[]): RuleFlaw[] {
  const seen = new Set<string>();
  return rules.flatMap(({ id }, at) => {
    if (seen.has(id)) return [{ path: `rules.${at}.id`, message: "is used by an earlier rule" }];
    seen.add(id);
    return [];
  });
}

/** What a version changed, rule by rule. */
export interface RuleChange {
  readonly rule: string;
  readonly change: "added" | "changed" | "removed" | "moved";
  readonly before?: Rule;
  readonly after?: Rule;
}

export function changesBetween(before: readonly Rule[], after: readonly Rule[]): RuleChange[] {
  const old = new Map(before.map((rule, at) => [rule.id, { rule, at }]));
  const kept = before.filter(({ id }) => after.some((one) => one.id === id)).map(({ id }) => id);
  const now = after.filter(({ id }) => old.has(id)).map(({ id }) => id);
  const changes = after.flatMap((rule): RuleChange[] => {
    const known = old.get(rule.id)?.rule;
    if (known === undefined) return [{ rule: rule.id, change: "added", after: rule }];
    if (JSON.stringify(known) !== JSON.stringify(rule))
      return [{ rule: rule.id, change: "changed", before: known, after: rule }];
    return kept.indexOf(rule.id) === now.indexOf(rule.id) ? [] : [{ rule: rule.id, change: "moved" }];
  });
  const removed = before
    .filter(({ id }) => !after.some((one) => one.id === id))
    .map((rule): RuleChange => ({ rule: rule.id, change: "removed", before: rule }));
  return [...changes, ...removed];
}
