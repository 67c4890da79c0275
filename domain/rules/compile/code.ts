import type { Rule } from "../rule.ts";
import type { Bound } from "./classes.ts";
import type { Test } from "./literals.ts";
import { type Mask, type TableClass, tableOf } from "./table.ts";
import type { ListEntry, Node, Tree } from "./tree.ts";

// The tree as JavaScript. Whatever people wrote stands in it only as JSON, and fields are read only name by name from own properties,
// so that nothing in a rule can become code.

/** The body of a function of (holds, judge, firstMatch), which returns (facts) => the number of a rule in the order given, or −1. */
export function generate({ root }: Tree, ordered: readonly Rule[]): string {
  const lines: string[] = [];
  const numbers = new Map(ordered.map((rule, number) => [rule, number]));
  const fields = new Map<string, number>();
  const numbered = new Set<number>();
  const functions = new Map<Node, string>();

  const numberOf = (rule: Rule): number => numbers.get(rule) as number;
  const fieldNumber = (field: string): number => {
    const known = fields.get(field);
    if (known !== undefined) return known;
    const n = fields.size;
    fields.set(field, n);
    return n;
  };

  /** An expression: is the test true of the facts? */
  function truth({ field, operator, value }: Test): string {
    const n = fieldNumber(field);
    const read = `(k${n} === 0 && r${n}(), k${n})`;
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

  /** The name of the function that decides from this node on. */
  function functionOf(node: Node): string {
    const known = functions.get(node);
    if (known !== undefined) return known;
    const body = bodyOf(node);
    const name = `n${functions.size}`;
    functions.set(node, name);
    lines.push(`function ${name}() { ${body} }`);
    return name;
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
        const n = fieldNumber(node.field);
        const targets = [...new Set(node.cases.values())];
        const numbers = [...node.cases].map(([text, target]) => [text, targets.indexOf(target)]);
        const map = declare(`new Map(${JSON.stringify(numbers)})`);
        const cases = targets.map((target, at) => `case ${at}: return ${outcome(target)};`).join(" ");
        return (
          `if (k${n} === 0) r${n}(); if (k${n} === 2) switch (${map}.get(s${n})) { ${cases} } ` +
          `else if (k${n} === 4 && Array.isArray(v${n})) return firstMatch(facts); return ${outcome(node.otherwise)};`
        );
      }
      case "number":
      case "order": {
        const n = fieldNumber(node.field);
        if (node.type === "number") numbered.add(n);
        const bounds = declare(JSON.stringify(node.bounds));
        const targets = [...new Set(node.places)];
        const numbers = declare(JSON.stringify(node.places.map((target) => targets.indexOf(target))));
        const cases = targets.map((target, at) => `case ${at}: return ${outcome(target)};`).join(" ");
        return (
          `const p = ${placeOf(node.type, n, bounds)}; if (p >= 0) switch (${numbers}[p]) { ${cases} } ` +
          `if (p === -2) return firstMatch(facts); return ${outcome(node.otherwise)};`
        );
      }
      case "table":
        return tableBody(node.entries);
    }
  }

  function tableBody(entries: readonly ListEntry[]): string {
    const { words, classes } = tableOf(entries);
    const masks = classes.map((one) => declare(maskFunction(one)));
    const order = declare(JSON.stringify(entries.map(({ rule }) => numberOf(rule))));
    const open = declare(`new Uint32Array(${words})`);
    const steps: string[] = [];
    for (let at = 0; at < masks.length; at += CHUNK) {
      const some = masks.slice(at, at + CHUNK);
      const looked = some.map(
        (mask, n) => `if ((a${at + n} ??= ${mask}()) === plain) return firstMatch(facts);`,
      );
      const joined = some.map((_, n) => `a${at + n}[w]`).join(" & ");
      const before = at === 0 ? "" : `${open}[w] & `;
      steps.push(
        `${looked.join(" ")} any = 0; for (let w = from; w < to; w++) any |= ${open}[w] = ${before}${joined}; if (any === 0) continue;`,
      );
    }
    const grouped = entries.flatMap(({ group, rule }, n) =>
      group === undefined ? [] : [[n, rule] as const],
    );
    const asked = grouped.map(([n, rule]) => `[${n}, ${numberOf(rule)}]`).join(", ");
    const checked =
      grouped.length === 0
        ? `return ${order}[e];`
        : `const g = ${declare(`new Map([${asked}])`)}.get(e); if (g === undefined || judge(g, facts)) return ${order}[e];`;
    const variables = masks.map((_, n) => `a${n}`).join(", ");
    const start = masks.length === 0 ? `${open}.fill(0xffffffff);` : `let any, ${variables};`;
    return (
      `${start} for (let from = 0; from < ${words}; from += ${BLOCK}) { const to = Math.min(${words}, from + ${BLOCK}); ` +
      `${steps.join(" ")} for (let w = from; w < to; w++) for (let x = ${open}[w]; x !== 0; x &= x - 1) { ` +
      `const e = w * 32 + 31 - Math.clz32(x & -x); if (e >= ${entries.length}) break; ${checked} } } return -1;`
    );
  }

  /** A function that gives the mask for what the field says; `plain` where only a plain evaluation can tell. */
  function maskFunction(one: TableClass): string {
    if (one.kind === "single") return `() => ${truth(one.test)} ? ${mask(one.yes)} : ${mask(one.no)}`;
    const n = fieldNumber(one.field);
    const otherwise = mask(one.otherwise);
    if (one.kind === "text") {
      const cases = declare(
        `new Map([${[...one.cases].map(([text, its]) => `[${JSON.stringify(text)}, ${mask(its)}]`).join(", ")}])`,
      );
      return (
        `() => { if (k${n} === 0) r${n}(); if (k${n} === 2) return ${cases}.get(s${n}) ?? ${otherwise}; ` +
        `return k${n} === 4 && Array.isArray(v${n}) ? plain : ${otherwise}; }`
      );
    }
    const places = declare(`[${one.places.map(mask).join(", ")}]`);
    if (one.kind === "number") numbered.add(n);
    const place = placeOf(one.kind, n, declare(JSON.stringify(one.bounds)));
    return `() => { const p = ${place}; return p >= 0 ? ${places}[p] : p === -2 ? plain : ${otherwise}; }`;
  }

  const masksKnown = new Map<string, string>();
  function mask(words: Mask): string {
    const list = `[${words.join(",")}]`;
    const known = masksKnown.get(list) ?? declare(`Uint32Array.from(${list})`);
    masksKnown.set(list, known);
    return known;
  }

  let constants = 0;
  function declare(expression: string): string {
    constants += 1;
    lines.push(`const c${constants} = ${expression};`);
    return `c${constants}`;
  }

  const decided = outcome(root);
  const state = Array.from(fields.values(), (n) => `k${n} = 0, v${n}, s${n} = "", x${n} = NaN`);
  const reset = Array.from(fields.values(), (n) => `k${n} = 0;`).join(" ");
  return [
    '"use strict";',
    "let facts;",
    state.length > 0 ? `let ${state.join(", ")};` : "",
    HELPERS,
    ...Array.from(fields, ([field, n]) => reader(field, n, numbered.has(n))),
    ...lines,
    `return (given) => { facts = given; ${reset} return ${decided}; };`,
  ].join("\n");
}

/** So many masks are joined before it is looked whether anything is left … */
const CHUNK = 5;
/** … of so many words of entries: the first match is most often among the first. */
const BLOCK = 4;

/** Where among the bounds the field lies; −1 where it can't be compared, −2 where only a plain evaluation can tell. */
function placeOf(kind: "number" | "order", n: number, bounds: string): string {
  const read = `(k${n} === 0 && r${n}(), k${n})`;
  if (kind === "order") return `(${read} === 2 ? place(${bounds}, s${n}) : -1)`;
  return `(${read} === 2 ? (x${n} === x${n} ? place(${bounds}, x${n}) : -1) : k${n} === 4 && Array.isArray(v${n}) ? -2 : -1)`;
}

const HELPERS = `
const own = Object.prototype.hasOwnProperty;
const plain = new Uint32Array(0);
const numeric = /^[+-]?(\\d+\\.?\\d*|\\.\\d+)(e[+-]?\\d+)?$/i;
function place(bounds, value) {
  let low = 0, high = bounds.length;
  while (low < high) { const middle = (low + high) >> 1; if (bounds[middle] < value) low = middle + 1; else high = middle; }
  return low < bounds.length && bounds[low] === value ? 2 * low + 1 : 2 * low;
}
`.trim();

/** Reads a field once for each decision: kind 1 missing, 2 a text, number or truth, 4 a list or an object. */
function reader(field: string, n: number, isCompared: boolean): string {
  const steps = field
    .split(".")
    .map((name) => {
      const key = JSON.stringify(name);
      return `if (typeof v !== "object" || v === null || !own.call(v, ${key})) { k${n} = 1; v${n} = undefined; return; } v = v[${key}];`;
    })
    .join(" ");
  const number = isCompared
    ? `x${n} = typeof v === "number" ? v : numeric.test(s${n}) ? Number(s${n}) : NaN;`
    : "";
  return (
    `function r${n}() { let v = facts; ${steps} v${n} = v; ` +
    `if (v === undefined || v === null) { k${n} = 1; return; } ` +
    `if (typeof v === "object") { k${n} = 4; return; } ` +
    `s${n} = (typeof v === "string" ? v.trim() : String(v)).toLowerCase(); ` +
    `k${n} = s${n} === "" ? 1 : 2; ${number} }`
  );
}

/** As the value is compared: folded, and as JSON. */
const constant = (value: Bound | unknown): string => JSON.stringify(String(value).trim().toLowerCase());
