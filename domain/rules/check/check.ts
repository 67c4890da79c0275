import { Kind } from "../../submission/events.ts";
import { type Conjunction, normalForm, predicatesIn } from "../compile/literals.ts";
import { evaluate, type Facts, inOrder, matches } from "../evaluate.ts";
import type { Predicate, Rule } from "../rule.ts";
import { type Box, isInside, overlap, overlaps } from "./box.ts";
import { type Budget, GaveUp, uncovered } from "./cover.ts";
import { type Space, spaceOf } from "./space.ts";
import { factsIn } from "./witness.ts";

// What people would not see in a set of rules: each finding comes with a submission that shows it, tried on the rules themselves.

/** A submission: the payload, with `kind` and whatever else the rules ask about. */
export type Witness = Facts;

export interface Findings {
  /** Two rules of equal priority that lead elsewhere and both match the witness. */
  readonly conflicts: readonly { readonly rules: readonly [string, string]; readonly witness: Witness }[];
  /** Two rules that match exactly the same submissions. */
  readonly duplicates: readonly { readonly rules: readonly [string, string]; readonly witness: Witness }[];
  /** A rule that never decides, since those before it match whatever it matches. */
  readonly shadowed: readonly {
    readonly rule: string;
    readonly by: readonly string[];
    readonly witness: Witness;
  }[];
  /** A rule that matches nothing at all, and the predicates of its that can't all hold. */
  readonly impossible: readonly { readonly rule: string; readonly because: readonly Predicate[] }[];
  /** A submission of each kind that no rule matches. */
  readonly gaps: readonly { readonly witness: Witness }[];
  /** What could not be found out within the bounds of a check. */
  readonly gave_up: readonly { readonly what: string; readonly because: string }[];
}

interface Shape {
  readonly rule: Rule;
  readonly boxes: readonly Box[];
  /** It has parts that can't be written as boxes: nothing certain can be said of it. */
  readonly isOpaque: boolean;
}

/** So many boxes may be looked at for one question, and for all. */
const MAX_FOR_ONE = 300_000;
const MAX_FOR_ALL = 60_000_000;
const MAX_FINDINGS = 200;

/** Only the conflicts, which a set is refused for. */
export function conflictsIn(rules: readonly Rule[]): Findings["conflicts"] {
  const { space, shapes } = shapesOf(rules);
  return conflictsAmong(shapes, witnessesIn(space));
}

function shapesOf(rules: readonly Rule[]): { readonly space: Space; readonly shapes: readonly Shape[] } {
  const form = normalForm(rules);
  const space = spaceOf(form);
  const byRule = Map.groupBy(form.conjunctions, ({ rule }) => rule);
  return { space, shapes: inOrder(rules).map((rule) => shapeOf(rule, byRule.get(rule) ?? [], space)) };
}

const witnessesIn =
  (space: Space): WitnessIn =>
  (box, fits) => {
    const possible = withoutVoids(box, space);
    const facts = possible && factsIn(possible, space);
    return facts && fits(facts) ? facts : undefined;
  };

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

export function checkRules(rules: readonly Rule[]): Findings {
  const { space, shapes } = shapesOf(rules);
  const witnessIn = witnessesIn(space);
  const possible = shapes.filter(({ boxes, isOpaque }) => boxes.length > 0 || isOpaque);
  const total: Budget = { left: MAX_FOR_ALL };
  const gaveUp: { what: string; because: string }[] = shapes
    .filter(({ isOpaque }) => isOpaque)
    .map(({ rule }) => ({ what: `rule ${rule.id}`, because: "its groups are too deep to be compared" }));
  for (const field of space.crowded)
    gaveUp.push({
      what: `field ${field}`,
      because: "so many texts are looked for in it that not every two of them are tried together",
    });

  function within<T>(what: string, work: (budget: Budget) => T): T | undefined {
    const budget: Budget = { left: Math.min(MAX_FOR_ONE, total.left) };
    const before = budget.left;
    try {
      return work(budget);
    } catch (error) {
      if (!(error instanceof GaveUp)) throw error;
      gaveUp.push({ what, because: error.message });
      return undefined;
    } finally {
      total.left -= before - budget.left;
    }
  }

  return {
    conflicts: conflictsAmong(possible, witnessIn),
    duplicates: duplicatesAmong(possible, space, within, witnessIn),
    shadowed: possible.flatMap((shape, n) => shadowOf(shape, possible.slice(0, n), space, within, witnessIn)),
    impossible: shapes
      .filter(({ boxes, isOpaque }) => boxes.length === 0 && !isOpaque)
      .map(({ rule }) => ({ rule: rule.id, because: contradictionIn(rule) })),
    gaps: gapsBetween(possible, space, within, (what, because) => gaveUp.push({ what, because })),
    gave_up: gaveUp,
  };
}

type Within = <T>(what: string, work: (budget: Budget) => T) => T | undefined;
type WitnessIn = (box: Box, fits: (facts: Facts) => boolean) => Witness | undefined;

function shapeOf(rule: Rule, conjunctions: readonly Conjunction[], space: Space): Shape {
  const isLarge = conjunctions.some(({ group }) => group !== undefined);
  const boxes = isLarge
    ? space.boxesOf(rule.when)
    : conjunctions.map(space.boxOf).filter((box) => box !== undefined);
  return {
    rule,
    isOpaque: boxes === undefined,
    boxes: (boxes ?? []).filter((box) => withoutVoids(box, space) !== undefined),
  };
}

function conflictsAmong(shapes: readonly Shape[], witnessIn: WitnessIn): Findings["conflicts"] {
  const found: Findings["conflicts"][number][] = [];
  for (const [n, a] of shapes.entries())
    for (const b of shapes.slice(n + 1)) {
      // They stand in the order of their priorities.
      if (b.rule.priority !== a.rule.priority) break;
      if (JSON.stringify(a.rule.route) === JSON.stringify(b.rule.route)) continue;
      const witness = witnessOfBoth(a, b, witnessIn);
      if (witness !== undefined) found.push({ rules: [a.rule.id, b.rule.id], witness });
      if (found.length === MAX_FINDINGS) return found;
    }
  return found;
}

function witnessOfBoth(a: Shape, b: Shape, witnessIn: WitnessIn): Witness | undefined {
  for (const one of a.boxes)
    for (const other of b.boxes) {
      const common = overlap(one, other);
      const witness =
        common && witnessIn(common, (facts) => matches(a.rule.when, facts) && matches(b.rule.when, facts));
      if (witness !== undefined) return witness;
    }
  return undefined;
}

/** Enough to tell most rules apart at once. */
const MAX_SAMPLES = 400;

/** Rules with the same boxes are the same; others can only be if each covers the other. */
function duplicatesAmong(
  shapes: readonly Shape[],
  space: Space,
  within: Within,
  witnessIn: WitnessIn,
): Findings["duplicates"] {
  const { voids } = space;
  const samples = shapes
    .slice(0, MAX_SAMPLES)
    .map(({ boxes: [box] }) => box && withoutVoids(box, space))
    .filter((box) => box !== undefined);
  const alike = Map.groupBy(
    shapes.filter(({ boxes }) => boxes.length > 0),
    ({ boxes }) => samples.map((sample) => (boxes.some((box) => overlaps(box, sample)) ? "1" : "0")).join(""),
  );
  const found: Findings["duplicates"][number][] = [];
  for (const group of alike.values())
    for (const [n, a] of group.entries())
      for (const b of group.slice(n + 1)) {
        const same = within(
          `rules ${a.rule.id} and ${b.rule.id}`,
          (budget) =>
            [...a.boxes].every((box) => uncovered(box, [...b.boxes, ...voids], budget) === undefined) &&
            [...b.boxes].every((box) => uncovered(box, [...a.boxes, ...voids], budget) === undefined),
        );
        const isSure = same && isCoveredAlone(a, [b], space) && isCoveredAlone(b, [a], space);
        const witness = isSure ? witnessOfBoth(a, b, witnessIn) : undefined;
        if (witness !== undefined) found.push({ rules: [a.rule.id, b.rule.id], witness });
        if (found.length === MAX_FINDINGS) return found;
      }
  return found;
}

/**
 * Where a field is crowded, "covered" may only mean that too little was tried. Of these rules alone there is little enough to try
 * it all; if even they are too many, nothing is claimed.
 */
function isCoveredAlone({ rule }: Shape, by: readonly Shape[], { crowded }: Space): boolean {
  const involved = [...by.map((shape) => shape.rule), rule];
  if (crowded.size === 0) return true;
  if (!involved.some(({ when }) => predicatesIn(when).some(({ field }) => crowded.has(field)))) return true;
  const { space, shapes } = shapesOf(involved);
  if (space.crowded.size > 0) return false;
  const boxesOf = (wanted: boolean): Box[] =>
    shapes.filter((shape) => (shape.rule === rule) === wanted).flatMap(({ boxes }) => boxes);
  const covers = [...boxesOf(false), ...space.voids];
  try {
    return boxesOf(true).every((box) => uncovered(box, covers, { left: MAX_FOR_ONE }) === undefined);
  } catch (error) {
    if (error instanceof GaveUp) return false;
    throw error;
  }
}

function shadowOf(
  shape: Shape,
  before: readonly Shape[],
  space: Space,
  within: Within,
  witnessIn: WitnessIn,
): Findings["shadowed"] {
  const { rule, boxes, isOpaque } = shape;
  if (isOpaque) return [];
  const ruleOf = new Map(before.flatMap((shape) => shape.boxes.map((box) => [box, shape] as const)));
  const { voids } = space;
  const covers = [...ruleOf.keys(), ...voids];
  const used = new Set<Box>();
  const isShadowed = within(`rule ${rule.id}`, (budget) =>
    boxes.every((box) => uncovered(box, covers, Object.assign(budget, { used })) === undefined),
  );
  if (isShadowed !== true) return [];
  let by = fewest([...new Set([...used].flatMap((box) => ruleOf.get(box) ?? []))], boxes, voids, within);
  if (!isCoveredAlone(shape, by, space)) {
    const one = before
      .filter((other) => boxes.every((box) => other.boxes.some((its) => isInside(box, its))))
      .slice(0, MAX_REDUCED)
      .find((other) => isCoveredAlone(shape, [other], space));
    if (one === undefined) return [];
    by = [one];
  }
  const witness = witnessIn(boxes[0] as Box, (facts) => matches(rule.when, facts));
  return witness === undefined ? [] : [{ rule: rule.id, by: by.map((shape) => shape.rule.id), witness }];
}

/** More than a person reads anyway. */
const MAX_REDUCED = 12;

/** Leaves out one after the other as long as the rest still covers everything. */
function fewest(
  covering: readonly Shape[],
  boxes: readonly Box[],
  voids: readonly Box[],
  within: Within,
): readonly Shape[] {
  let needed = covering;
  for (const one of covering.length > MAX_REDUCED ? [] : covering) {
    const others = needed.filter((shape) => shape !== one);
    const still = within("which rules shadow it", (budget) =>
      boxes.every(
        (box) => uncovered(box, [...others.flatMap((shape) => shape.boxes), ...voids], budget) === undefined,
      ),
    );
    if (still === true) needed = others;
  }
  return needed;
}

function gapsBetween(
  shapes: readonly Shape[],
  space: Space,
  within: Within,
  giveUp: (what: string, because: string) => void,
): Findings["gaps"] {
  const covering = [...shapes.flatMap(({ boxes }) => boxes), ...space.voids];
  const rules = shapes.map(({ rule }) => rule);
  const at = space.fields.indexOf("kind");
  return Kind.options.flatMap((kind) => {
    // Rules that don't ask for the kind have the same gaps for all.
    const only = new Uint32Array([1 << space.cellOf(at, kind)]);
    const open = at < 0 ? space.everything : space.everything.with(at, only);
    const gap = within(`gaps for the kind ${kind}`, (budget) => uncovered(open, covering, budget));
    const witness = gap && { ...factsIn(gap, space), kind };
    if (witness === undefined) return [];
    if (evaluate(rules, witness).rule === undefined) return [{ witness }];
    giveUp(`gaps for the kind ${kind}`, "what looked like one is matched by a rule that can't be compared");
    return [];
  });
}

/** The fewest of the rule's predicates on one field that can't hold together; all of them where no single field tells. */
function contradictionIn(rule: Rule): Predicate[] {
  const predicates = predicatesIn(rule.when);
  for (const [, mine] of Map.groupBy(predicates, ({ field }) => field)) {
    const alone: Rule = { ...rule, when: { combinator: "and", rules: mine } };
    const form = normalForm([alone]);
    const space = spaceOf(form);
    if (form.conjunctions.every((one) => space.boxOf(one) === undefined)) return mine;
  }
  return predicates;
}
