// Why a lead is where it is, in sentences.
import type { Decision } from "../api/shapes.ts";
import { becauseInWords } from "../rules/in-words.ts";
import { worded } from "../ui/words.ts";

type Verdict = Decision["explanation"][number];
type Because = Verdict["because"];
type PredicateMet = NonNullable<Verdict["predicates"]>[number];

/** What one predicate of the rule that matched asked, what it met, and whether that fits. */
export function predicateMetInWords({ matched, negated, ...met }: PredicateMet): string {
  const fits = matched !== (negated === true) ? "" : " (the rule matches without it)";
  return `${becauseInWords(met)}${negated === true ? ", as a condition that must not hold" : ""}${fits}`;
}

const missed = (because: Because): string => `would not have matched: ${becauseInWords(because)}`;

/** Of a rule behind the one that decided. */
export const laterInWords = ({ matched, because }: Pick<Verdict, "matched" | "because">): string =>
  matched ? "comes later; would have matched too" : `comes later; ${missed(because)}`;

/** `rules` are those whose names are known. */
export function whyNotInWords(
  other: Decision["others"][number],
  rules: readonly { readonly rule: string; readonly name?: string | undefined }[],
): string {
  const nameOf = (rule: unknown): string => rules.find((one) => one.rule === rule)?.name ?? String(rule);
  switch (other.reason) {
    case "no_rule_routes_to_it":
      return "no rule routes to it";
    case "its_rules_did_not_match": {
      const failed = (other.rules ?? []) as readonly { readonly rule: string; readonly because: Because }[];
      return [
        "its rules did not match",
        ...failed.map(({ rule, because }) => `${nameOf(rule)} ${becauseInWords(because)}`),
      ].join("; ");
    }
    case "an_earlier_rule_decided": {
      const before = `the rule ${nameOf(other.decided_by)} comes before ${nameOf(other.rule)}`;
      if (other.would_have_matched === undefined) return before;
      return `${before}, which ${other.would_have_matched === true ? "would have matched too" : missed(other.because as Because)}`;
    }
    case "later_in_the_waterfall":
      return `it comes later in the waterfall, at place ${String(other.position)}`;
    case "another_share_of_the_split":
      return `it has another share of the split, with weight ${String(other.weight)}`;
    case "was_not_open":
      return `it was not open: ${worded(String(other.state))}`;
    case "the_service_chose_another":
      return `the service ${String(other.service)} chose another`;
    case "its_turn_is_over":
      return `its turn is over${other.because === null || other.because === undefined ? "" : `: ${worded(String(other.because))}`}`;
    default:
      return worded(other.reason);
  }
}
