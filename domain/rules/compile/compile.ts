import { evaluate, type Facts, holds, inOrder, matches } from "../evaluate.ts";
import { folded } from "../fold.ts";
import type { Rule } from "../rule.ts";
import { generate } from "./code.ts";
import { normalForm } from "./literals.ts";
import { buildTree, type Selectivity, type Tree } from "./tree.ts";

// From rules as people write them to a function that decides: normal form, tree, code.

export interface CompiledRules {
  readonly tree: Tree;
  /** JavaScript, to be loaded by `loadRules` together with the same rules. */
  readonly source: string;
}

export function compileRules(rules: readonly Rule[], selectivity?: Selectivity): CompiledRules {
  const ordered = inOrder(rules);
  const tree = buildTree(normalForm(rules), selectivity);
  return { tree, source: generate(tree, ordered) };
}

/** The rule that decides; undefined where none matches. The same as `evaluate` says, which is slower and explains itself. */
export type Decide = (facts: Facts) => Rule | undefined;

type Numbered = (facts: Facts) => number;
type Make = (...parts: unknown[]) => Numbered;

export function loadRules(source: string, rules: readonly Rule[]): Decide {
  const ordered = inOrder(rules);
  const firstMatch: Numbered = (facts) => {
    const { rule } = evaluate(ordered, facts);
    return rule === undefined ? -1 : ordered.indexOf(rule);
  };
  const judge = (number: number, facts: Facts): boolean => matches((ordered[number] as Rule).when, facts);
  const make = new Function("holds", "judge", "firstMatch", "folded", source) as Make;
  const decide = make(holds, judge, firstMatch, folded);
  return (facts) => ordered[decide(facts)];
}
