import { isNegated, type Literal, type NormalForm, type Test, testOf } from "../compile/literals.ts";
import type { Facts } from "../evaluate.ts";
import type { Group } from "../rule.ts";
import { type Budget, GaveUp } from "./cover.ts";
import { valueFor, type Wanted } from "./field-value.ts";
import type { Space } from "./space.ts";
import { factsWith } from "./witness.ts";

// A submission for which groups hold as they stand, however deep: found by choosing one way after the other in which they can hold,
// and given up where no field can have a value for what was chosen. Every witness is tried on the rules themselves.

export type Formula = Literal | Parts;
interface Parts {
  readonly all: boolean;
  readonly parts: readonly Formula[];
}

export interface Search {
  /** The group, or its opposite. */
  formulaOf(group: Group, holds?: boolean): Formula;
  /** Undefined where there is none. Throws GaveUp where it can't be said within the budget. */
  find(goals: readonly Formula[], budget: Budget, fits: (facts: Facts) => boolean): Facts | undefined;
}

export function searchIn(rules: NormalForm, space: Space): Search {
  const { tests } = rules;
  const fieldOf = tests.map(({ field }) => space.fields.indexOf(field));

  const written = { true: new WeakMap<Group, Formula>(), false: new WeakMap<Group, Formula>() };
  const formulaOf = (group: Group, holds = true): Formula => {
    const known = written[`${holds}`].get(group) ?? write(group, holds);
    written[`${holds}`].set(group, known);
    return known;
  };
  const write = (group: Group, holds: boolean): Formula => {
    const isTrue = holds !== (group.not === true);
    // An empty group always holds, whatever joins it.
    if (group.rules.length === 0) return { all: isTrue, parts: [] };
    return {
      all: (group.combinator === "and") === isTrue,
      parts: group.rules.map((one) =>
        "combinator" in one ? formulaOf(one, isTrue) : rules.literalOf(one) ^ (isTrue ? 0 : 1),
      ),
    };
  };

  function find(
    goals: readonly Formula[],
    budget: Budget,
    fits: (facts: Facts) => boolean,
  ): Facts | undefined {
    /** By number of the test. */
    const chosen = new Map<number, boolean>();
    const byField = new Map<number, number[]>();
    let isSure = true;

    const spend = (steps: number): void => {
      budget.left -= steps;
      if (budget.left < 0) throw new GaveUp("its groups are too deep to be compared");
    };
    const choose = (literal: Literal): void => {
      const test = testOf(literal);
      const field = fieldOf[test] as number;
      chosen.set(test, !isNegated(literal));
      byField.set(field, [...(byField.get(field) ?? []), test]);
    };
    /** What was chosen last is chosen no more. */
    const undo = (count: number): void => {
      for (const test of [...chosen.keys()].slice(count)) {
        chosen.delete(test);
        const field = fieldOf[test] as number;
        byField.set(
          field,
          (byField.get(field) as number[]).filter((one) => one !== test),
        );
      }
    };
    const wantedOf = (field: number): Wanted[] =>
      (byField.get(field) ?? []).map((test) => ({
        test: tests[test] as Test,
        holds: chosen.get(test) as boolean,
      }));
    const valueIn = (field: number) => {
      const [name, cells] = [space.fields[field] as string, space.values[field] as readonly unknown[]];
      return valueFor(name, wantedOf(field), cells, spend);
    };

    /** What is left of it by what was chosen. */
    function reduced(formula: Formula): Formula | boolean {
      spend(1);
      if (typeof formula === "number") {
        const known = chosen.get(testOf(formula));
        return known === undefined ? formula : known !== isNegated(formula);
      }
      const parts: Formula[] = [];
      for (const part of formula.parts) {
        const left = reduced(part);
        if (left === !formula.all) return left;
        if (typeof left !== "boolean") parts.push(left);
      }
      if (parts.length === 0) return formula.all;
      return parts.length === 1 ? (parts[0] as Formula) : { all: formula.all, parts };
    }

    function search(wanted: readonly Formula[]): Facts | undefined {
      let open = [...wanted];
      const touched = new Set<number>();
      for (let isMoving = true; isMoving; ) {
        isMoving = false;
        const left: Formula[] = [];
        for (let n = 0; n < open.length; n += 1) {
          const one = reduced(open[n] as Formula);
          if (one === false) return undefined;
          if (one === true) continue;
          if (typeof one === "number") {
            choose(one);
            touched.add(fieldOf[testOf(one)] as number);
            isMoving = true;
          } else if (one.all) open.push(...one.parts);
          else left.push(one);
        }
        open = left;
      }
      for (const field of touched) if (valueIn(field) === "none") return undefined;
      const smallest = open.reduce<Parts | undefined>(
        (best, one) =>
          best === undefined || (one as Parts).parts.length < best.parts.length ? (one as Parts) : best,
        undefined,
      );
      if (smallest === undefined) return witness();
      const others = open.filter((one) => one !== smallest);
      const before = chosen.size;
      for (const part of [...smallest.parts].sort((a, b) => costOf(a) - costOf(b))) {
        const mark = chosen.size;
        const found = search([...others, part]);
        if (found !== undefined) return found;
        undo(mark);
        // It was tried: what is left to try is without it.
        if (typeof part === "number") choose(part ^ 1);
      }
      undo(before);
      return undefined;
    }

    function witness(): Facts | undefined {
      const values = new Map<string, unknown>();
      for (const field of [...byField.keys()].sort((a, b) => a - b)) {
        const found = valueIn(field);
        if (found === "none") return undefined;
        if (found === "unknown") {
          isSure = false;
          return undefined;
        }
        values.set(space.fields[field] as string, found.value);
      }
      const facts = factsWith(values);
      if (fits(facts)) return facts;
      isSure = false;
      return undefined;
    }

    const found = search(goals);
    if (found === undefined && !isSure) throw new GaveUp("not every text was tried in which it may match");
    return found;
  }

  return { formulaOf, find };
}

/** What must not be leaves the most to everything else. */
const costOf = (formula: Formula): number =>
  typeof formula === "number" ? (isNegated(formula) ? 0 : 1) : 1 + formula.parts.length;
