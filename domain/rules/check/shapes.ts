import { type Conjunction, type NormalForm, normalForm, predicatesIn, testOf } from "../compile/literals.ts";
import { type Facts, inOrder } from "../evaluate.ts";
import type { Rule } from "../rule.ts";
import type { Box } from "./box.ts";
import { type Budget, GaveUp, uncovered } from "./cover.ts";
import { type Search, searchIn } from "./formula.ts";
import { type Space, spaceOf } from "./space.ts";
import { factsIn } from "./witness.ts";

// The rules of a set, each as boxes where boxes can say what it matches, and what all questions about them share.

/** A submission: the payload, with `kind` and whatever else the rules ask about. */
export type Witness = Facts;

export interface Shape {
  readonly rule: Rule;
  /** Empty where it matches nothing, or where it is searched. */
  readonly boxes: readonly Box[];
  /** Boxes can't say what it matches: its groups are too deep, or it asks for parts of a text. */
  readonly isSearched: boolean;
  /** Boxes that it lies within, and that may hold more; undefined where there are none. */
  readonly around: readonly Box[] | undefined;
}

export interface Question {
  readonly space: Space;
  readonly search: Search;
  /** Undefined where the work gave up, which is noted. */
  within<T>(what: string, work: (budget: Budget) => T): T | undefined;
  /** The same for work that searches. */
  searching<T>(what: string, work: (budget: Budget) => T): T | undefined;
  giveUp(what: string, because: string): void;
  /** One that lies in the box; undefined where there is none. */
  witnessIn(box: Box, fits: (facts: Facts) => boolean): Witness | undefined;
}

/** So many steps may be taken for one question, and for all; those of a search cost more than those of boxes. */
const MAX_FOR_ONE = 300_000;
const MAX_FOR_ALL = 60_000_000;
const MAX_FOR_SEARCH = 200_000;
const MAX_FOR_SEARCHES = 30_000_000;

export interface Asked {
  readonly shapes: readonly Shape[];
  readonly question: Question;
  readonly tests: NormalForm["tests"];
  /** What could not be found out, each once. */
  gaveUp(): { readonly what: string; readonly because: string }[];
}

export function shapesOf(rules: readonly Rule[]): Asked {
  const form = normalForm(rules);
  const space = spaceOf(form);
  const byRule = Map.groupBy(form.conjunctions, ({ rule }) => rule);
  const shapes = inOrder(rules).map((rule) => shapeOf(rule, byRule.get(rule) ?? [], form, space));
  const gaveUp = new Map<string, string>();
  const giveUp: Question["giveUp"] = (what, because) => void gaveUp.set(what, because);
  const bounded = (max: number, total: Budget): Question["within"] =>
    function within(what, work) {
      if (total.left <= 0) {
        giveUp("what was left to compare", "the rules are too many or too entangled to be compared");
        return undefined;
      }
      const budget: Budget = { left: Math.min(max, total.left) };
      const before = budget.left;
      try {
        return work(budget);
      } catch (error) {
        if (!(error instanceof GaveUp)) throw error;
        giveUp(what, error.message);
        return undefined;
      } finally {
        total.left -= before - budget.left;
      }
    };
  return {
    shapes,
    question: {
      space,
      search: searchIn(form, space),
      giveUp,
      within: bounded(MAX_FOR_ONE, { left: MAX_FOR_ALL }),
      searching: bounded(MAX_FOR_SEARCH, { left: MAX_FOR_SEARCHES }),
      witnessIn(box, fits) {
        const possible = withoutVoids(box, space);
        const facts = possible && factsIn(possible, space);
        return facts && fits(facts) ? facts : undefined;
      },
    },
    tests: form.tests,
    gaveUp: () => Array.from(gaveUp, ([what, because]) => ({ what, because })),
  };
}

function shapeOf(
  rule: Rule,
  conjunctions: readonly Conjunction[],
  { tests }: NormalForm,
  space: Space,
): Shape {
  const isLarge = conjunctions.some(({ group }) => group !== undefined);
  const asksLoosely = predicatesIn(rule.when).some(({ field }) => space.loose.has(field));
  const boxes = asksLoosely ? undefined : isLarge ? space.boxesOf(rule.when) : boxesOf(conjunctions, space);
  if (boxes === undefined) {
    const isLoose = (field: string | undefined): boolean => field !== undefined && space.loose.has(field);
    const firm = conjunctions.map(({ literals, ...rest }) => ({
      ...rest,
      literals: literals.filter((literal) => !isLoose(tests[testOf(literal)]?.field)),
    }));
    return { rule, boxes: [], isSearched: true, around: isLarge ? undefined : boxesOf(firm, space) };
  }
  const possible = boxes.filter((box) => withoutVoids(box, space) !== undefined);
  return { rule, boxes: possible, isSearched: false, around: possible };
}

const boxesOf = (conjunctions: readonly Conjunction[], space: Space): Box[] =>
  conjunctions.map(space.boxOf).filter((box) => box !== undefined);

/** A part of the box that a submission can lie in; undefined where there is none. */
function withoutVoids(box: Box, { voids }: Space): Box | undefined {
  if (voids.length === 0) return box;
  try {
    return uncovered(box, voids, { left: MAX_FOR_ONE });
  } catch (error) {
    if (error instanceof GaveUp) return box;
    throw error;
  }
}
