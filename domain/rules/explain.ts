import type { PartnerId } from "../ids.ts";
import { type Because, evaluate, type Facts, inOrder, type RuleVerdict } from "./evaluate.ts";
import type { RouteTarget, Rule } from "./rule.ts";
import { targetsOf } from "./ruleset.ts";

// Why a submission went where it went, and nowhere else.

/** Why a partner did not get it; a sentence, and what it rests on. */
export type WhyNot =
  | { readonly partner: PartnerId; readonly reason: "no_rule_routes_to_it" }
  | {
      readonly partner: PartnerId;
      readonly reason: "its_rules_did_not_match";
      readonly rules: readonly { readonly rule: string; readonly because: Because | null }[];
    }
  /** Its rule might have matched, but an earlier one decided. */
  | {
      readonly partner: PartnerId;
      readonly reason: "an_earlier_rule_decided";
      readonly rule: string;
      readonly decided_by: string;
    }
  /** The rule that decided names it as well: later in its waterfall, or as another part of its split. */
  | {
      readonly partner: PartnerId;
      readonly reason: "others_of_the_same_rule_came_first";
      readonly rule: string;
    };

export interface Explained {
  readonly rule: string | null;
  readonly route: RouteTarget | null;
  readonly explanation: readonly RuleVerdict[];
}

/** Every rule that was tried, and the predicate that decided each. */
export function explain(rules: readonly Rule[], facts: Facts): Explained {
  const { rule, explanation } = evaluate(rules, facts);
  return { rule: rule?.id ?? null, route: rule?.route ?? null, explanation };
}

export function whyNot(
  rules: readonly Rule[],
  { rule: decidedBy, explanation }: Explained,
  got: PartnerId | null,
  partners: readonly PartnerId[],
): WhyNot[] {
  const ordered = inOrder(rules);
  const verdicts = new Map(explanation.map((verdict) => [verdict.rule, verdict]));
  return partners
    .filter((partner) => partner !== got)
    .map((partner): WhyNot => {
      const naming = ordered.filter(({ route }) => targetsOf(route).some((one) => one.partner === partner));
      if (naming.length === 0) return { partner, reason: "no_rule_routes_to_it" };
      const same = naming.find(({ id }) => id === decidedBy);
      if (same !== undefined) return { partner, reason: "others_of_the_same_rule_came_first", rule: same.id };
      const untried = naming.find(({ id }) => !verdicts.has(id));
      if (untried !== undefined && decidedBy !== null)
        return { partner, reason: "an_earlier_rule_decided", rule: untried.id, decided_by: decidedBy };
      return {
        partner,
        reason: "its_rules_did_not_match",
        rules: naming.map(({ id }) => ({ rule: id, because: verdicts.get(id)?.because ?? null })),
      };
    });
}
