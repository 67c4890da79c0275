// The compiled decision tree as the API shows it, as nodes to draw; and the way of a submission through it.
import { type Facts, holds, matches, valueAt } from "#domain/rules/evaluate.ts";
import { folded } from "#domain/rules/fold.ts";
import type { Operator } from "#domain/rules/rule.ts";
import type { Route, Rule } from "../api/shapes.ts";
import { operatorInWords, routeInWords, valueInWords, whenInWords } from "./in-words.ts";

interface Test {
  readonly field: string;
  readonly operator: Operator;
  readonly value?: unknown;
}

interface Entry {
  readonly rule: string;
  readonly name: string;
  readonly route: Route;
  readonly when: readonly (Test & { readonly holds: boolean })[] | Rule["when"];
}

export type ServerTree =
  | { readonly decided: string | null; readonly name?: string; readonly route?: Route }
  | (Test & { readonly yes: ServerTree; readonly no: ServerTree })
  | {
      readonly field: string;
      readonly cases: readonly { readonly is: readonly string[]; readonly next: ServerTree }[];
      readonly otherwise: ServerTree;
    }
  | {
      readonly field: string;
      readonly ranges: readonly {
        readonly is?: unknown;
        readonly above?: unknown;
        readonly below?: unknown;
        readonly next: ServerTree;
      }[];
      readonly otherwise: ServerTree;
    }
  | { readonly first_of: readonly Entry[] };

export interface TreeNode {
  /** Its place: the numbers of the branches that lead to it. */
  readonly id: string;
  /** What leads here from the node above. */
  readonly answer: string;
  readonly label: string;
  readonly isEnd: boolean;
  readonly children: readonly TreeNode[];
}

interface Branch {
  readonly answer: string;
  readonly takes: (facts: Facts) => boolean;
  readonly next: ServerTree | Entry;
}

const isEntry = (tree: ServerTree | Entry): tree is Entry => "rule" in tree;

function branchesOf(tree: ServerTree): Branch[] {
  if ("decided" in tree) return [];
  if ("first_of" in tree)
    return tree.first_of.map((entry) => ({
      answer: entryInWords(entry),
      takes: (facts) => entryMatches(entry, facts),
      next: entry,
    }));
  const { field } = tree;
  if ("yes" in tree) {
    const yes = (facts: Facts): boolean => holds(tree.operator, valueAt(facts, field), tree.value);
    return [
      { answer: "yes", takes: yes, next: tree.yes },
      { answer: "no", takes: (facts) => !yes(facts), next: tree.no },
    ];
  }
  const otherwise: Branch = { answer: "anything else", takes: () => true, next: tree.otherwise };
  if ("cases" in tree)
    return [
      ...tree.cases.map(({ is, next }) => ({
        answer: is.map((one) => valueInWords(one)).join(" or "),
        takes: (facts: Facts) => {
          const actual = valueAt(facts, field);
          return (
            typeof actual !== "object" &&
            actual !== undefined &&
            is.some((one) => folded(String(actual)) === folded(one))
          );
        },
        next,
      })),
      otherwise,
    ];
  return [
    ...tree.ranges.map(({ is, above, below, next }) => ({
      answer: rangeInWords(is, above, below),
      takes: (facts: Facts) => {
        const actual = valueAt(facts, field);
        if (is !== undefined) return holds("=", actual, is);
        return (
          (above === undefined || holds(">", actual, above)) &&
          (below === undefined || holds("<", actual, below)) &&
          (above !== undefined || below !== undefined || !holds("null", actual, null))
        );
      },
      next,
    })),
    otherwise,
  ];
}

function rangeInWords(is: unknown, above: unknown, below: unknown): string {
  if (is !== undefined) return valueInWords(is);
  const parts = [
    above !== undefined && `more than ${valueInWords(above)}`,
    below !== undefined && `less than ${valueInWords(below)}`,
  ];
  return parts.filter(Boolean).join(", ") || "any";
}

function entryMatches({ when }: Entry, facts: Facts): boolean {
  if ("combinator" in when) return matches(when, facts);
  return when.every((test) => holds(test.operator, valueAt(facts, test.field), test.value) === test.holds);
}

function entryInWords({ when, name }: Entry): string {
  if ("combinator" in when) return whenInWords(when);
  if (when.length === 0) return "everything";
  const rules = when.map(({ field, operator, value }) => ({ field, operator, value }));
  return when.every((test) => test.holds) ? whenInWords({ combinator: "and", rules }) : name;
}

const endInWords = ({ name, route }: Pick<Entry, "name" | "route">): string =>
  `${routeInWords(route).replace(/^go to/, "→")} · ${name}`;

function labelOf(tree: ServerTree | Entry): string {
  if (isEntry(tree)) return endInWords(tree);
  if ("decided" in tree)
    return tree.decided === null || tree.route === undefined
      ? "unrouted"
      : endInWords({ name: tree.name ?? tree.decided, route: tree.route });
  if ("first_of" in tree) return "the first that matches";
  if ("yes" in tree) return `${tree.field} ${operatorInWords(tree.operator)} ${valueInWords(tree.value)}?`;
  return `${tree.field}?`;
}

export function shapeOf(tree: ServerTree | Entry, id = "0", answer = ""): TreeNode {
  const branches = isEntry(tree) ? [] : branchesOf(tree);
  return {
    id,
    answer,
    label: labelOf(tree),
    isEnd: branches.length === 0,
    children: branches.map((branch, n) => shapeOf(branch.next, `${id}.${n}`, branch.answer)),
  };
}

/** The nodes that a submission with these facts comes through, from the root to where it ends. */
export function pathThrough(tree: ServerTree, facts: Facts): string[] {
  const path = ["0"];
  let here: ServerTree | Entry = tree;
  while (!isEntry(here)) {
    const branches = branchesOf(here);
    const at = branches.findIndex(({ takes }) => takes(facts));
    const branch = branches[at];
    if (branch === undefined) break;
    path.push(`${path.at(-1)}.${at}`);
    here = branch.next;
  }
  return path;
}
