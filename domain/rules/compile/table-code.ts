import { type Fields, placeLookup, textLookup, UNDECIDED } from "./fields.ts";
import type { Test } from "./literals.ts";
import { type Mask, type TableClass, tableOf } from "./table.ts";
import type { ListEntry } from "./tree.ts";

// A table as JavaScript: all masks lie in one array, each look-up gives where the field's mask begins, and the masks are joined a few
// words at a time, which stay in registers.

export interface Parts {
  readonly fields: Fields;
  /** Declares a constant and gives its name. */
  readonly declare: (expression: string) => string;
  /** Declares a function with this body and gives its name. */
  readonly declareFunction: (body: string) => string;
  /** An expression: is the test true of the facts? */
  readonly truth: (test: Test) => string;
  /** The number of an entry's rule. */
  readonly numberOf: (entry: ListEntry) => number;
}

/** So many words of entries are joined at a time: the first match is most often among the first. */
const BLOCK = 4;
/** So many masks are joined before it is looked whether anything is left. */
const CHUNK = 4;
/** Beyond so many classes a function grows too large to be optimised, and a loop goes through them. */
const MAX_UNROLLED = 48;

/** The body of a function that gives the number of the first rule that holds, or −1. */
export function tableBody(entries: readonly ListEntry[], parts: Parts): string {
  const { declare, declareFunction, numberOf } = parts;
  const { words, classes } = tableOf(entries);
  const width = Math.ceil(words / BLOCK) * BLOCK;
  const masks = new MaskStore(width);
  const lookups = classes.map((one) => declareFunction(lookupOf(one, masks, parts)));
  const order = declare(`Int32Array.from(${JSON.stringify(entries.map(numberOf))})`);
  const grouped = entries.flatMap((entry, n) => (entry.group === undefined ? [] : [[n, numberOf(entry)]]));
  const last = masks.offsetOf(lastMask(entries.length));
  const all = declare(`Int32Array.from(${JSON.stringify(masks.words)})`);
  const decided =
    grouped.length === 0
      ? `return ${order}[e];`
      : `const g = ${declare(`new Map(${JSON.stringify(grouped)})`)}.get(e); if (g === undefined || judge(g, facts)) return ${order}[e];`;
  const scanned = ["x0", "x1", "x2", "x3"]
    .map(
      (x, n) =>
        `for (; ${x} !== 0; ${x} &= ${x} - 1) { const e = (w + ${n}) * 32 + 31 - Math.clz32(${x} & -${x}); ${decided} }`,
    )
    .join(" ");
  const start = `let x0 = ${all}[${last} + w], x1 = ${all}[${last} + w + 1], x2 = ${all}[${last} + w + 2], x3 = ${all}[${last} + w + 3];`;
  const joined = (offset: string): string =>
    ["x0", "x1", "x2", "x3"].map((x, n) => `${x} &= ${all}[${offset} + ${n}];`).join(" ");

  if (lookups.length > MAX_UNROLLED) {
    const found = declare(`new Int32Array(${lookups.length})`);
    const functions = declare(`[${lookups.join(", ")}]`);
    return (
      `let known = 0; for (let w = 0; w < ${width}; w += ${BLOCK}) { ${start} ` +
      `for (let c = 0; c < ${lookups.length} && (x0 | x1 | x2 | x3) !== 0; c++) { ` +
      `if (c === known) { const o = ${functions}[c](); if (o === ${UNDECIDED}) return firstMatch(facts); ${found}[c] = o; known++; } ` +
      `const o = ${found}[c] + w; ${joined("o")} } ${scanned} } return -1;`
    );
  }
  const steps: string[] = [];
  for (let at = 0; at < lookups.length; at += CHUNK) {
    const some = lookups.slice(at, at + CHUNK);
    const looked = some.map(
      (lookup, n) => `if ((o${at + n} = ${lookup}()) === ${UNDECIDED}) return firstMatch(facts);`,
    );
    steps.push(
      `if (o${at} === -1) { ${looked.join(" ")} } ${some.map((_, n) => joined(`o${at + n} + w`)).join(" ")} ` +
        `if ((x0 | x1 | x2 | x3) === 0) continue;`,
    );
  }
  const offsets = lookups.map((_, n) => `o${n} = -1`).join(", ");
  return (
    `${offsets === "" ? "" : `let ${offsets};`} for (let w = 0; w < ${width}; w += ${BLOCK}) { ` +
    `${start} ${steps.join(" ")} ${scanned} } return -1;`
  );
}

/** All masks of a table, each once. */
class MaskStore {
  readonly words: number[] = [];
  readonly #width: number;
  readonly #offsets = new Map<string, number>();

  constructor(width: number) {
    this.#width = width;
  }

  offsetOf(mask: Mask): number {
    const key = mask.join();
    const known = this.#offsets.get(key);
    if (known !== undefined) return known;
    const offset = this.words.length;
    this.#offsets.set(key, offset);
    for (let w = 0; w < this.#width; w += 1) this.words.push((mask[w] ?? 0) | 0);
    return offset;
  }
}

/** A bit for each entry that there is. */
function lastMask(entries: number): Mask {
  const mask = new Uint32Array(Math.ceil(entries / 32)).fill(0xffffffff);
  if (entries % 32 !== 0) mask[mask.length - 1] = 2 ** (entries % 32) - 1;
  return mask;
}

function lookupOf(one: TableClass, masks: MaskStore, { fields, declare, truth }: Parts): string {
  if (one.kind === "single")
    return `return ${truth(one.test)} ? ${masks.offsetOf(one.yes)} : ${masks.offsetOf(one.no)};`;
  const otherwise = masks.offsetOf(one.otherwise);
  if (one.kind === "text") {
    const cases = new Map(Array.from(one.cases, ([text, mask]) => [text, masks.offsetOf(mask)]));
    return textLookup({ ...one, cases, otherwise }, fields, declare);
  }
  const places = one.places.map((mask) => masks.offsetOf(mask));
  return placeLookup({ ...one, places, otherwise }, fields, declare);
}
