import { Kind } from "../../submission/events.ts";
import type { Literal, Test } from "../compile/literals.ts";
import { evaluate, holds, matches } from "../evaluate.ts";
import type { Rule } from "../rule.ts";
import { type Box, cellsWhere } from "./box.ts";
import { uncovered } from "./cover.ts";
import { leftOver } from "./shadowed.ts";
import type { Question, Shape, Witness } from "./shapes.ts";
import type { Space } from "./space.ts";
import { factsIn } from "./witness.ts";

/** A submission of each kind that no rule matches. */
export function gapsBetween(
  rules: readonly Rule[],
  shapes: readonly Shape[],
  tests: readonly Test[],
  question: Question,
): { readonly witness: Witness }[] {
  return Kind.options.flatMap((kind) => {
    const what = `gaps for the kind ${kind}`;
    const gap = gapOf(kind, what, shapes, tests, question);
    if (gap === undefined) return [];
    if (evaluate(rules, gap).rule === undefined) return [{ witness: gap }];
    question.giveUp(what, "what looked like one is matched by a rule that can't be compared");
    return [];
  });
}

/** Undefined where there is none, and where none is found: that is noted. */
function gapOf(
  kind: string,
  what: string,
  shapes: readonly Shape[],
  tests: readonly Test[],
  question: Question,
): Witness | undefined {
  const { space, within, searching } = question;
  const at = space.fields.indexOf("kind");
  // Rules that don't ask for the kind have the same gaps for all.
  const only = new Uint32Array([1 << space.cellOf(at, kind)]);
  const ofKind = at < 0 ? space.everything : space.everything.with(at, only);
  const open = kind === "lead" ? withPerson(ofKind, space) : ofKind;
  const covering = [...shapes.flatMap(({ boxes }) => boxes), ...space.voids];
  const left = within(what, (budget) => uncovered(open, covering, budget));
  const gap = left && { ...factsIn(left, space), kind };
  if (gap === undefined || !shapes.some(({ rule, isSearched }) => isSearched && matches(rule.when, gap)))
    return gap;
  const found = searching(what, (budget) =>
    leftOver(literalsOf(kind, tests), () => true, shapes, question, budget),
  );
  return found !== undefined && "witness" in found ? { ...found.witness, kind } : undefined;
}

/** A lead is always somebody's. */
function withPerson(box: Box, { fields, values }: Space): Box {
  const at = fields.indexOf("person.lead_count");
  const counts = values[at];
  return counts === undefined
    ? box
    : box.with(
        at,
        cellsWhere(counts.length, (cell) => counts[cell] !== undefined),
      );
}

/** What the tests on the kind say of it. */
const literalsOf = (kind: string, tests: readonly Test[]): Literal[] =>
  [...tests.entries()]
    .filter(([, test]) => test.field === "kind")
    .map(([number, { operator, value }]) => number * 2 + (holds(operator, kind, value) ? 0 : 1));
