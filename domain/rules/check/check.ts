import { predicatesIn } from "../compile/literals.ts";
import type { Facts } from "../evaluate.ts";
import { matches } from "../evaluate.ts";
import type { Predicate, Rule } from "../rule.ts";
import { conflictsAmong, type Pair } from "./conflicts.ts";
import { duplicatesAmong } from "./duplicates.ts";
import { gapsBetween } from "./gaps.ts";
import { type Shadow, shadowOf } from "./shadowed.ts";
import { type Question, type Shape, shapesOf, type Witness } from "./shapes.ts";

// What people would not see in a set of rules: each finding comes with a submission that shows it, tried on the rules themselves.

export interface Findings {
  /** Two rules of equal priority that lead elsewhere and both match the witness. */
  readonly conflicts: readonly Pair[];
  /** Two rules that match exactly the same submissions. */
  readonly duplicates: readonly Pair[];
  readonly shadowed: readonly Shadow[];
  /** A rule that matches nothing at all, and the predicates of its that can't all hold. */
  readonly impossible: readonly { readonly rule: string; readonly because: readonly Predicate[] }[];
  /** A submission of each kind that no rule matches. */
  readonly gaps: readonly { readonly witness: Witness }[];
  /** What could not be found out within the bounds of a check. */
  readonly gave_up: readonly { readonly what: string; readonly because: string }[];
}

/** Only the conflicts, which a set is refused for. */
export function conflictsIn(rules: readonly Rule[]): Findings["conflicts"] {
  const { shapes, question } = shapesOf(rules);
  return conflictsAmong(
    shapes.filter((shape) => canMatch(shape, question)),
    question,
  );
}

export function checkRules(rules: readonly Rule[]): Findings {
  const { shapes, question, tests, gaveUp } = shapesOf(rules);
  const matching = Map.groupBy(shapes, (shape) => canMatch(shape, question));
  // Of one about which not even this can be said, nothing more is asked.
  const possible = matching.get(true) ?? [];
  return {
    conflicts: conflictsAmong(possible, question),
    duplicates: duplicatesAmong(possible, question),
    shadowed: possible.flatMap((shape, n) => shadowOf(shape, possible.slice(0, n), question)),
    impossible: (matching.get(false) ?? []).map(({ rule }) => ({
      rule: rule.id,
      because: contradictionIn(rule),
    })),
    gaps: gapsBetween(rules, possible, tests, question),
    gave_up: gaveUp(),
  };
}

/** Undefined where it can't be said. */
function canMatch(shape: Shape, question: Question): boolean | undefined {
  if (!shape.isSearched) return shape.boxes.length > 0;
  const { search, searching } = question;
  const fits = (facts: Facts): boolean => matches(shape.rule.when, facts);
  return searching(
    `rule ${shape.rule.id}`,
    (budget) => search.find([search.formulaOf(shape.rule.when)], budget, fits) !== undefined,
  );
}

/** The fewest of the rule's predicates on one field that can't hold together; all of them where no single field tells. */
function contradictionIn(rule: Rule): Predicate[] {
  const predicates = predicatesIn(rule.when);
  for (const [, mine] of Map.groupBy(predicates, ({ field }) => field)) {
    const alone: Rule = { ...rule, when: { combinator: "and", rules: mine } };
    const {
      shapes: [shape],
      question,
    } = shapesOf([alone]);
    if (shape !== undefined && canMatch(shape, question) === false) return mine;
  }
  return predicates;
}
