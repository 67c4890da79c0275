import { matches } from "../evaluate.ts";
import { isWithinAnother, MAX_FINDINGS, type Pair, witnessOfBoth } from "./conflicts.ts";
import { uncovered } from "./cover.ts";
import type { Question, Shape, Witness } from "./shapes.ts";

/** Enough to tell most rules apart at once. */
const MAX_SAMPLES = 400;

/** Rules that match exactly the same submissions. */
export function duplicatesAmong(shapes: readonly Shape[], question: Question): Pair[] {
  const samples = shapes
    .slice(0, MAX_SAMPLES)
    .map((shape) => sampleOf(shape, question))
    .filter((facts) => facts !== undefined);
  const alike = Map.groupBy(shapes, ({ rule }) =>
    samples.map((facts) => (matches(rule.when, facts) ? "1" : "0")).join(""),
  );
  const found: Pair[] = [];
  for (const group of alike.values())
    for (const [n, a] of group.entries())
      for (const b of group.slice(n + 1)) {
        const witness = areSame(a, b, question) ? witnessOfBoth(a, b, question) : undefined;
        if (witness !== undefined) found.push({ rules: [a.rule.id, b.rule.id], witness });
        if (found.length === MAX_FINDINGS) return found;
      }
  return found;
}

/** A submission that the rule matches; undefined where none is found at once. */
function sampleOf({ rule, boxes, isSearched }: Shape, question: Question): Witness | undefined {
  const fits = (facts: Witness): boolean => matches(rule.when, facts);
  const [box] = boxes;
  if (!isSearched) return box && question.witnessIn(box, fits);
  const { formulaOf, find } = question.search;
  return question.searching(`rule ${rule.id}`, (budget) => find([formulaOf(rule.when)], budget, fits));
}

function areSame(a: Shape, b: Shape, question: Question): boolean | undefined {
  const { within, searching, space } = question;
  const what = `rules ${a.rule.id} and ${b.rule.id}`;
  if (a.isSearched || b.isSearched)
    return searching(
      what,
      (budget) => isWithinAnother(a, b, question, budget) && isWithinAnother(b, a, question, budget),
    );
  return within(what, (budget) => {
    const covers = (some: Shape, other: Shape): boolean =>
      other.boxes.every((box) => uncovered(box, [...some.boxes, ...space.voids], budget) === undefined);
    return covers(a, b) && covers(b, a);
  });
}
