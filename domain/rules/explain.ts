import type { PartnerId } from "../ids.ts";
import {
  type Because,
  evaluate,
  type Facts,
  inOrder,
  judgeRule,
  type PredicateMet,
  predicatesMet,
  type RuleVerdict,
  valueAt,
} from "./evaluate.ts";
import type { Group, RouteTarget, Rule } from "./rule.ts";
import { targetsOf } from "./ruleset.ts";

// Why a submission went where it went, and nowhere else.

/** Why a partner did not get it, and what that rests on. */
export type WhyNot = { readonly partner: PartnerId } & (
  | { readonly reason: "no_rule_routes_to_it" }
  | {
      readonly reason: "its_rules_did_not_match";
      readonly rules: readonly { readonly rule: string; readonly because: Because | null }[];
    }
  /** Of its rules behind the one that decided, the first that would have matched, else the first. */
  | {
      readonly reason: "an_earlier_rule_decided";
      readonly rule: string;
      readonly decided_by: string;
      readonly would_have_matched: boolean;
      readonly because: Because | null;
    }
  /** From here on the rule that decided names it as well. Counted from 1. */
  | { readonly reason: "later_in_the_waterfall"; readonly rule: string; readonly position: number }
  | { readonly reason: "another_share_of_the_split"; readonly rule: string; readonly weight: number }
  | { readonly reason: "was_not_open"; readonly rule: string; readonly state: string }
  | { readonly reason: "the_service_chose_another"; readonly rule: string; readonly service: string }
  /** It was its turn before, and it did not keep it: `because` is what it, or its caps or schedule, said. */
  | { readonly reason: "its_turn_is_over"; readonly rule: string; readonly because: string | null }
);

export interface NamedVerdict extends RuleVerdict {
  readonly name: string;
  /** Of the rule that matched: all that it asks. */
  readonly predicates?: PredicateMet[];
}

export interface Explained {
  readonly rule: string | null;
  readonly route: RouteTarget | null;
  readonly explanation: readonly NamedVerdict[];
  /** The rules behind the one that decided, which nobody asked: whether each would have matched. */
  readonly later: readonly NamedVerdict[];
}

/** What became of it, where that is known; without it, what the rules alone say. */
export interface Course {
  /** Who has it now. */
  readonly partner: PartnerId | null;
  readonly closed?: readonly { readonly partner: PartnerId; readonly state: string }[];
  /** Who had it before, each with how that ended. */
  readonly before?: ReadonlyMap<PartnerId, string | null>;
}

/** Every rule with the predicate that decided about it, those that were tried apart from those behind. */
export function explain(rules: readonly Rule[], facts: Facts): Explained {
  const { rule, explanation } = evaluate(rules, facts);
  const ordered = inOrder(rules);
  const named = (verdict: RuleVerdict, n: number): NamedVerdict => ({
    ...verdict,
    name: ordered[n]?.name ?? verdict.rule,
  });
  return {
    rule: rule?.id ?? null,
    route: rule?.route ?? null,
    explanation: explanation.map((verdict, n) => ({
      ...named(verdict, n),
      ...(rule !== undefined && verdict.matched && { predicates: predicatesMet(rule.when, facts) }),
    })),
    later: ordered
      .slice(explanation.length)
      .map((one, n) => named(judgeRule(one, facts), explanation.length + n)),
  };
}

export function whyNot(
  rules: readonly Rule[],
  { rule: decidedBy, route, explanation, later }: Explained,
  { partner: got, closed = [], before = new Map() }: Course,
  partners: readonly PartnerId[],
): WhyNot[] {
  const ordered = inOrder(rules);
  const verdicts = new Map(explanation.map((verdict) => [verdict.rule, verdict]));
  const behind = new Map(later.map((verdict) => [verdict.rule, verdict]));

  function withinTheRule(rule: string, within: RouteTarget, partner: PartnerId): WhyNot | undefined {
    if (before.has(partner))
      return { partner, reason: "its_turn_is_over", rule, because: before.get(partner) ?? null };
    const state = closed.find((one) => one.partner === partner)?.state;
    if (state !== undefined) return { partner, reason: "was_not_open", rule, state };
    if ("ask" in within) return { partner, reason: "the_service_chose_another", rule, service: within.ask };
    if ("waterfall" in within && within.waterfall.includes(partner))
      return {
        partner,
        reason: "later_in_the_waterfall",
        rule,
        position: within.waterfall.indexOf(partner) + 1,
      };
    const share = "split" in within ? within.split.find(({ to }) => to === partner) : undefined;
    return share && { partner, reason: "another_share_of_the_split", rule, weight: share.weight };
  }

  return partners
    .filter((partner) => partner !== got)
    .map((partner): WhyNot => {
      const within =
        decidedBy === null || route === null ? undefined : withinTheRule(decidedBy, route, partner);
      if (within !== undefined) return within;
      const naming = ordered.filter((rule) => targetsOf(rule.route).some((one) => one.partner === partner));
      if (naming.length === 0) return { partner, reason: "no_rule_routes_to_it" };
      const untried = naming.flatMap(({ id }) => behind.get(id) ?? []);
      const nearest = untried.find(({ matched }) => matched) ?? untried[0];
      if (nearest !== undefined && decidedBy !== null) {
        const { rule, matched, because } = nearest;
        const why = { would_have_matched: matched, because };
        return { partner, reason: "an_earlier_rule_decided", rule, decided_by: decidedBy, ...why };
      }
      return {
        partner,
        reason: "its_rules_did_not_match",
        rules: naming.map(({ id }) => ({ rule: id, because: verdicts.get(id)?.because ?? null })),
      };
    });
}

/** The facts that these rules read, by field; null where they are missing. */
export function factsRead(rules: readonly Rule[], facts: Facts): Record<string, unknown> {
  const fields = new Set(rules.flatMap(({ when }) => fieldsIn(when)));
  return Object.fromEntries(Array.from(fields, (field) => [field, valueAt(facts, field) ?? null]));
}

function fieldsIn(group: Group): string[] {
  return group.rules.flatMap((one) => ("combinator" in one ? fieldsIn(one) : one.field));
}
