import { evaluate, type Facts, holds, inOrder, matches } from "../evaluate.ts";
import type { Rule } from "../rule.ts";
import { generate } from "./code.ts";
import { normalForm } from "./literals.ts";
import { buildTree, type Selectivity, type Tree } from "./tree.ts";

// From rules as people write them to a function that decides: normal form, tree, code.

export interface CompiledRules {
  readonly tree: Tree;
  readonly source: string;
  /** The rule that decides; undefined where none matches. The same as `evaluate` says, which is slower and explains itself. */
  decide(facts: Facts): Rule | undefined;
}

type Decide = (facts: Facts) => number;
type Make = (...parts: unknown[]) => Decide;

export function compileRules(rules: readonly Rule[], selectivity?: Selectivity): CompiledRules {
  const tree = buildTree(normalForm(rules), selectivity);
  const { source, rules: targets, groups } = generate(tree);
  const ordered = inOrder(rules);
  const at = new Map(targets.map((rule, n) => [rule, n]));
  const firstMatch: Decide = (facts) => {
    const { rule } = evaluate(ordered, facts);
    return rule === undefined ? -1 : (at.get(rule) ?? addTarget(rule));
  };
  const all = [...targets];
  const addTarget = (rule: Rule): number => {
    const number = all.push(rule) - 1;
    at.set(rule, number);
    return number;
  };
  const make = new Function("holds", "judge", "firstMatch", "groups", source) as Make;
  const decide = make(holds, matches, firstMatch, groups);
  return { tree, source, decide: (facts) => all[decide(facts)] };
}
