import { folded } from "../fold.ts";
import type { Bound } from "./classes.ts";

// How the code reads fields. The value as it stands is looked up first, since most are written as the rules write them; only what is
// not found so is folded. A field is folded once for a submission, and not before somebody asks.
//
// For the field number n: k is what it holds (0 not read yet, 1 missing, 2 a text, number or truth, 4 a list or an object), v the
// value, s its folded text, x its number.

export interface Fields {
  /** An expression: what the field holds, read once. */
  kindOf(field: string): string;
  numberOf(field: string): number;
  /** As `numberOf`, where code needs its number, too. */
  comparedNumberOf(field: string): number;
  /** A statement that puts the value as it stands, which may be a list or an object, into `v`. */
  raw(field: string): string;
  /** What stands before all functions that use these. */
  declarations(): string[];
  /** Forgets the submission before. */
  reset(): string;
}

export function fieldsOf(): Fields {
  const numbers = new Map<string, number>();
  const compared = new Set<number>();
  const numberOf = (field: string): number => {
    const known = numbers.get(field) ?? numbers.size;
    numbers.set(field, known);
    return known;
  };
  return {
    numberOf,
    kindOf(field) {
      const n = numberOf(field);
      return `(k${n} === 0 && r${n}(), k${n})`;
    },
    comparedNumberOf(field) {
      const n = numberOf(field);
      compared.add(n);
      return n;
    },
    raw: (field) =>
      isQuick(field)
        ? `let v = facts[${JSON.stringify(field)}]; if (!plain && !own.call(facts, ${JSON.stringify(field)})) v = undefined;`
        : `let v = g${numberOf(field)}();`,
    declarations() {
      const state = Array.from(numbers.values(), (n) => `k${n} = 0, v${n}, s${n} = "", x${n} = NaN`);
      return [
        HELPERS,
        state.length > 0 ? `let ${state.join(", ")};` : "",
        ...Array.from(numbers, ([field, n]) => getter(field, n) + reader(n, compared.has(n))),
      ];
    },
    reset: () => Array.from(numbers.values(), (n) => `k${n} = 0;`).join(" "),
  };
}

/** A path is read step by step. What every object inherits is no text and no number, and is left to the reader, which takes own properties only. */
const isQuick = (field: string): boolean => !field.includes(".");

function getter(field: string, n: number): string {
  const steps = field.split(".").map((name) => {
    const key = JSON.stringify(name);
    return `if (typeof v !== "object" || v === null || !own.call(v, ${key})) return undefined; v = v[${key}];`;
  });
  return `function g${n}() { let v = facts; ${steps.join(" ")} return v; }\n`;
}

function reader(n: number, isCompared: boolean): string {
  const number = isCompared
    ? `x${n} = typeof v === "number" ? v : numeric.test(s${n}) ? Number(s${n}) : NaN;`
    : "";
  return (
    `function r${n}() { const v = v${n} = g${n}(); if (v === undefined || v === null) { k${n} = 1; return; } ` +
    `if (typeof v === "object") { k${n} = 4; return; } ` +
    `s${n} = folded(typeof v === "string" ? v : String(v)); ` +
    `k${n} = s${n} === "" ? 1 : 2; ${number} }`
  );
}

/** `isPlain`: nothing is inherited but what every object has, so that a property that is there is the object's own. */
const HELPERS = `
let facts, plain = true;
const own = Object.prototype.hasOwnProperty;
const numeric = /^[+-]?(\\d+\\.?\\d*|\\.\\d+)(e[+-]?\\d+)?$/i;
function isPlain(given) {
  const parent = Object.getPrototypeOf(given);
  if (parent === null) return true;
  if (parent !== Object.prototype) return false;
  for (const name in parent) return false;
  return true;
}
function place(bounds, value) {
  let low = 0, high = bounds.length;
  while (low < high) { const middle = (low + high) >> 1; if (bounds[middle] < value) low = middle + 1; else high = middle; }
  return low < bounds.length && bounds[low] === value ? 2 * low + 1 : 2 * low;
}
`.trim();

/** What a look-up gives for a list that only the plain evaluation can decide. */
export const UNDECIDED = -2;

export interface TextLookup {
  readonly field: string;
  /** By folded text. */
  readonly cases: ReadonlyMap<string, number>;
  /** The texts as the rules write them. */
  readonly spellings: readonly string[];
  readonly otherwise: number;
  /** Whether a list can hold what is asked for. */
  readonly takesLists: boolean;
}

export interface PlaceLookup {
  readonly kind: "number" | "order";
  readonly field: string;
  readonly bounds: readonly Bound[];
  readonly places: readonly number[];
  readonly otherwise: number;
  readonly takesLists: boolean;
}

type Declare = (expression: string) => string;

/** The body of a function that looks the field up. */
export function textLookup(
  { field, cases, spellings, otherwise, takesLists }: TextLookup,
  fields: Fields,
  declare: Declare,
): string {
  const known = new Map(cases);
  for (const spelling of spellings) known.set(spelling, cases.get(folded(spelling)) as number);
  // A blank text is a missing field, whatever a rule asks for.
  const texts = [...known].filter(([text]) => folded(text) !== "");
  const map = declare(`new Map(${JSON.stringify(texts)})`);
  const n = fields.numberOf(field);
  const list = takesLists ? `k${n} === 4 && Array.isArray(v${n}) ? ${UNDECIDED} : ${otherwise}` : otherwise;
  return (
    `${fields.raw(field)} if (typeof v === "string") { const o = ${map}.get(v); if (o !== undefined) return o; } ` +
    `else if (v === undefined || v === null) return ${otherwise}; ` +
    `if (${fields.kindOf(field)} !== 2) return ${list}; if (s${n} === v) return ${otherwise}; ` +
    `const o = ${map}.get(s${n}); return o === undefined ? ${otherwise} : o;`
  );
}

/** Whole numbers among bounds that are close together are looked up, not searched. */
const MAX_SPAN = 2_048;

export function placeLookup(lookup: PlaceLookup, fields: Fields, declare: Declare): string {
  const { kind, field, bounds, otherwise, places, takesLists } = lookup;
  const found = declare(`Int32Array.from(${JSON.stringify(places)})`);
  const sorted = declare(JSON.stringify(bounds));
  const n = fields.comparedNumberOf(field);
  if (kind === "order")
    return `return ${fields.kindOf(field)} === 2 ? ${found}[place(${sorted}, s${n})] : ${otherwise};`;
  const list = takesLists ? `k${n} === 4 && Array.isArray(v${n}) ? ${UNDECIDED} : ${otherwise}` : otherwise;
  return (
    `${fields.raw(field)} if (typeof v === "number") { ${wholeNumbers(lookup, declare)} ` +
    `return v === v ? ${found}[place(${sorted}, v)] : ${otherwise}; } ` +
    `if (v === undefined || v === null) return ${otherwise}; ` +
    `if (${fields.kindOf(field)} !== 2) return ${list}; return x${n} === x${n} ? ${found}[place(${sorted}, x${n})] : ${otherwise};`
  );
}

function wholeNumbers({ bounds, places }: PlaceLookup, declare: Declare): string {
  const [low, high] = [bounds[0] as number, bounds.at(-1) as number];
  const span = high - low + 1;
  if (!bounds.every((bound) => Number.isSafeInteger(bound)) || span > MAX_SPAN) return "";
  const direct: number[] = [];
  let at = 0;
  for (let value = low; value <= high; value += 1) {
    if (value > (bounds[at] as number)) at += 1;
    direct.push(places[value === bounds[at] ? 2 * at + 1 : 2 * at] as number);
  }
  const table = declare(`Int32Array.from(${JSON.stringify(direct)})`);
  return (
    `if (v < ${low}) return ${places[0]}; if (v > ${high}) return ${places.at(-1)}; ` +
    `const i = v - ${low}; if (i === (i | 0)) return ${table}[i];`
  );
}
