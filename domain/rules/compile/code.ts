import { folded } from "../fold.ts";
import type { Rule } from "../rule.ts";
import type { Bound } from "./classes.ts";
import { fieldsOf, placeLookup, textLookup, UNDECIDED } from "./fields.ts";
import type { Test } from "./literals.ts";
import { tableBody } from "./table-code.ts";
import type { ListEntry, Node, Tree } from "./tree.ts";

// The tree as JavaScript. Whatever people wrote stands in it only as JSON, and fields are read only name by name from own properties,
// so that nothing in a rule can become code.

/** The body of a function of (holds, judge, firstMatch, folded), which returns (facts) => the number of a rule in the order given, or −1. */
export function generate({ root }: Tree, ordered: readonly Rule[]): string {
  const lines: string[] = [];
  const numbers = new Map(ordered.map((rule, number) => [rule, number]));
  const functions = new Map<Node, string>();
  const fields = fieldsOf();

  const numberOf = (rule: Rule): number => numbers.get(rule) as number;

  /** An expression: is the test true of the facts? */
  function truth({ field, operator, value }: Test): string {
    const read = fields.kindOf(field);
    const n = fields.numberOf(field);
    if (operator === "null") return `${read} === 1`;
    const text = constant(value);
    const ofText = {
      contains: `s${n}.includes(${text})`,
      beginsWith: `s${n}.startsWith(${text})`,
      endsWith: `s${n}.endsWith(${text})`,
    } as Partial<Record<typeof operator, string>>;
    const slow = `holds(${JSON.stringify(operator)}, v${n}, ${JSON.stringify(value)})`;
    const quick = ofText[operator];
    if (quick !== undefined) return `(${read} === 2 ? ${quick} : k${n} === 4 && ${slow})`;
    if (operator === "=" && typeof value !== "number")
      return `(${read} === 2 ? s${n} === ${text} : k${n} === 4 && ${slow})`;
    return `(${read} !== 1 && ${slow})`;
  }

  function entryTruth({ rule, tests, group }: ListEntry): string {
    const all = tests.map(({ test, holds }) => (holds ? truth(test) : `!(${truth(test)})`));
    if (group !== undefined) all.push(`judge(${numberOf(rule)}, facts)`);
    return all.length === 0 ? "true" : all.join(" && ");
  }

  let declared = 0;
  function declare(expression: string): string {
    declared += 1;
    lines.push(`const c${declared} = ${expression};`);
    return `c${declared}`;
  }

  function declareFunction(body: string): string {
    declared += 1;
    lines.push(`function f${declared}() { ${body} }`);
    return `f${declared}`;
  }

  /** The name of the function that decides from this node on. */
  function functionOf(node: Node): string {
    const known = functions.get(node) ?? declareFunction(bodyOf(node));
    functions.set(node, known);
    return known;
  }

  /** A decided node is the rule itself; any other is asked. */
  const outcome = (node: Node): string =>
    node.type === "decided"
      ? `${node.rule === undefined ? -1 : numberOf(node.rule)}`
      : `${functionOf(node)}()`;

  function bodyOf(node: Node): string {
    switch (node.type) {
      case "decided":
        return `return ${outcome(node)};`;
      case "test":
        return `return ${truth(node.test)} ? ${outcome(node.yes)} : ${outcome(node.no)};`;
      case "list":
        return `${node.entries.map((entry) => `if (${entryTruth(entry)}) return ${numberOf(entry.rule)};`).join(" ")} return -1;`;
      case "text": {
        const targets = [...new Set(node.cases.values())];
        const cases = new Map(Array.from(node.cases, ([text, target]) => [text, targets.indexOf(target)]));
        const lookup = textLookup({ ...node, cases, otherwise: -1 }, fields, declare);
        return switchOn(declareFunction(lookup), targets, node.otherwise);
      }
      case "number":
      case "order": {
        const targets = [...new Set(node.places)];
        const places = node.places.map((target) => targets.indexOf(target));
        const lookup = placeLookup({ ...node, kind: node.type, places, otherwise: -1 }, fields, declare);
        return switchOn(declareFunction(lookup), targets, node.otherwise);
      }
      case "table":
        return tableBody(node.entries, {
          fields,
          declare,
          declareFunction,
          truth,
          numberOf: ({ rule }) => numberOf(rule),
        });
    }
  }

  function switchOn(lookup: string, targets: readonly Node[], otherwise: Node): string {
    const cases = targets.map((target, at) => `case ${at}: return ${outcome(target)};`).join(" ");
    return `switch (${lookup}()) { ${cases} case ${UNDECIDED}: return firstMatch(facts); } return ${outcome(otherwise)};`;
  }

  const decided = outcome(root);
  return [
    '"use strict";',
    ...fields.declarations(),
    ...lines,
    `return (given) => { facts = given; plain = isPlain(given); ${fields.reset()} return ${decided}; };`,
  ].join("\n");
}

/** As the value is compared: folded, and as JSON. */
const constant = (value: Bound | unknown): string => JSON.stringify(folded(String(value)));
