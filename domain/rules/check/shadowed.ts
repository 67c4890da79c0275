import { type Facts, matches } from "../evaluate.ts";
import type { Box } from "./box.ts";
import { type Budget, uncovered } from "./cover.ts";
import type { Formula } from "./formula.ts";
import type { Question, Shape, Witness } from "./shapes.ts";

/** A rule that never decides, since those before it match whatever it matches. */
export interface Shadow {
  readonly rule: string;
  readonly by: readonly string[];
  readonly witness: Witness;
}

/** At most one. */
export function shadowOf(shape: Shape, before: readonly Shape[], question: Question): Shadow[] {
  const { rule } = shape;
  const by = shape.isSearched ? undefined : shadowingBoxes(shape, before, question);
  const covering = by ?? (needsSearch(shape, before) ? shadowing(shape, before, question) : undefined);
  if (covering === undefined) return [];
  const fits = (facts: Facts): boolean => matches(rule.when, facts);
  const witness = shape.isSearched
    ? question.searching(`rule ${rule.id}`, (budget) =>
        question.search.find([question.search.formulaOf(rule.when)], budget, fits),
      )
    : question.witnessIn(shape.boxes[0] as Box, fits);
  return witness === undefined ? [] : [{ rule: rule.id, by: covering.map((one) => one.rule.id), witness }];
}

const needsSearch = (shape: Shape, before: readonly Shape[]): boolean =>
  shape.isSearched || before.some((one) => one.isSearched);

/** Those whose boxes together leave nothing of it; undefined where something is left. */
function shadowingBoxes(
  { rule, boxes }: Shape,
  before: readonly Shape[],
  question: Question,
): readonly Shape[] | undefined {
  const { voids } = question.space;
  const ruleOf = new Map(before.flatMap((one) => one.boxes.map((box) => [box, one] as const)));
  const covers = [...ruleOf.keys(), ...voids];
  const used = new Set<Box>();
  const isShadowed = question.within(`rule ${rule.id}`, (budget) =>
    boxes.every((box) => uncovered(box, covers, Object.assign(budget, { used })) === undefined),
  );
  if (isShadowed !== true) return undefined;
  const covering = [...new Set([...used].flatMap((box) => ruleOf.get(box) ?? []))];
  return fewest(covering, question.within, (some, budget) =>
    boxes.every(
      (box) => uncovered(box, [...some.flatMap((one) => one.boxes), ...voids], budget) === undefined,
    ),
  );
}

/** The same without boxes. */
function shadowing(
  { rule }: Shape,
  before: readonly Shape[],
  question: Question,
): readonly Shape[] | undefined {
  const goal = question.search.formulaOf(rule.when);
  const isIt = (facts: Facts): boolean => matches(rule.when, facts);
  const left = question.searching(`rule ${rule.id}`, (budget) =>
    leftOver([goal], isIt, before, question, budget),
  );
  if (left === undefined || "witness" in left) return undefined;
  return fewest(
    left.by,
    question.searching,
    (some, budget) => !("witness" in leftOver([goal], isIt, some, question, budget)),
  );
}

/**
 * A submission that meets the goals and that none of these match, or those of them that leave none. They are asked about one by one, as
 * they turn out to match what was found.
 */
export function leftOver(
  goals: readonly Formula[],
  isIt: (facts: Facts) => boolean,
  others: readonly Shape[],
  { search }: Question,
  budget: Budget,
): { readonly witness: Witness } | { readonly by: readonly Shape[] } {
  const by: Shape[] = [];
  const without: Formula[] = [];
  for (;;) {
    const fits = (facts: Facts): boolean => isIt(facts) && !by.some(({ rule }) => matches(rule.when, facts));
    const witness = search.find([...goals, ...without], budget, fits);
    if (witness === undefined) return { by };
    const other = others.find(({ rule }) => matches(rule.when, witness));
    if (other === undefined) return { witness };
    by.push(other);
    without.push(search.formulaOf(other.rule.when, false));
  }
}

/** More than a person reads anyway. */
const MAX_REDUCED = 12;

/** Leaves out one after the other as long as the rest still covers everything. */
function fewest(
  covering: readonly Shape[],
  within: Question["within"],
  covers: (some: readonly Shape[], budget: Budget) => boolean,
): readonly Shape[] {
  let needed = covering;
  for (const one of covering.length > MAX_REDUCED ? [] : covering) {
    const others = needed.filter((shape) => shape !== one);
    if (within("which rules shadow it", (budget) => covers(others, budget)) === true) needed = others;
  }
  return needed;
}
