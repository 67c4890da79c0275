import { matches } from "../evaluate.ts";
import { overlap, overlaps } from "./box.ts";
import type { Budget } from "./cover.ts";
import type { Question, Shape, Witness } from "./shapes.ts";

/** Two rules, and a submission that both match. */
export interface Pair {
  readonly rules: readonly [string, string];
  readonly witness: Witness;
}

/** More than a person reads. */
export const MAX_FINDINGS = 200;

/** Rules of equal priority that lead elsewhere and can match the same submission. The shapes stand in the order of their priorities. */
export function conflictsAmong(shapes: readonly Shape[], question: Question): Pair[] {
  const found: Pair[] = [];
  const routes = new Map(shapes.map(({ rule }) => [rule, JSON.stringify(rule.route)]));
  for (const [n, a] of shapes.entries())
    for (const b of shapes.slice(n + 1)) {
      if (b.rule.priority !== a.rule.priority) break;
      if (routes.get(a.rule) === routes.get(b.rule)) continue;
      const witness = witnessOfBoth(a, b, question);
      if (witness !== undefined) found.push({ rules: [a.rule.id, b.rule.id], witness });
      if (found.length === MAX_FINDINGS) return found;
    }
  return found;
}

export function witnessOfBoth(a: Shape, b: Shape, question: Question): Witness | undefined {
  const fits = (facts: Witness): boolean => matches(a.rule.when, facts) && matches(b.rule.when, facts);
  if (a.isSearched || b.isSearched) {
    if (!mayMeet(a, b)) return undefined;
    return question.searching(`rules ${a.rule.id} and ${b.rule.id}`, (budget) => {
      const { formulaOf, find } = question.search;
      return find([formulaOf(a.rule.when), formulaOf(b.rule.when)], budget, fits);
    });
  }
  for (const one of a.boxes)
    for (const other of b.boxes) {
      const common = overlap(one, other);
      const witness = common && question.witnessIn(common, fits);
      if (witness !== undefined) return witness;
    }
  return undefined;
}

/** False where a look at the boxes around them tells that they never match the same. */
const mayMeet = ({ around: some }: Shape, { around: others }: Shape): boolean =>
  some === undefined || others === undefined || some.some((a) => others.some((b) => overlaps(a, b)));

/** Whether nothing matches the one without the other; throws GaveUp where that can't be said. */
export function isWithinAnother(
  { rule }: Shape,
  other: Shape,
  { search }: Question,
  budget: Budget,
): boolean {
  const { formulaOf, find } = search;
  const goals = [formulaOf(rule.when), formulaOf(other.rule.when, false)];
  return (
    find(goals, budget, (facts) => matches(rule.when, facts) && !matches(other.rule.when, facts)) ===
    undefined
  );
}
