import { predicatesIn } from "../compile/literals.ts";
import type { Rule } from "../rule.ts";

// Fields that rules ask for and no submission has had: any name may come in a payload, so such a field is a hint and no flaw.

export interface UnknownField {
  readonly field: string;
  /** Those that are in use and ask for it. */
  readonly rules: readonly string[];
  /** A field that is written nearly so. */
  readonly did_you_mean?: string;
}

/** What is there without any submission: looked up, or put by people under names of their own. */
const OWN = /^(?:kind|source|person\.lead_count|(?:context|suppressed)\..+)$/;

export function unknownFields(rules: readonly Rule[], known: ReadonlySet<string>): UnknownField[] {
  const askedFor = rules
    .filter(({ enabled }) => enabled)
    .flatMap(({ id, when }) => predicatesIn(when).map(({ field }) => ({ id, field })));
  return [...Map.groupBy(askedFor, ({ field }) => field)]
    .filter(([field]) => !OWN.test(field) && !known.has(field))
    .map(([field, asking]) => {
      const meant = nearest(field, known);
      return {
        field,
        rules: [...new Set(asking.map(({ id }) => id))],
        ...(meant !== undefined && { did_you_mean: meant }),
      };
    });
}

/** One letter in four may be wrong, at least one, at most two. */
const maxWrong = (field: string): number => Math.max(1, Math.min(2, Math.floor(field.length / 4)));

function nearest(field: string, known: Iterable<string>): string | undefined {
  let best: string | undefined;
  let least = maxWrong(field) + 1;
  for (const one of known) {
    if (Math.abs(one.length - field.length) >= least) continue;
    const wrong = distance(field.toLowerCase(), one.toLowerCase());
    if (wrong >= least) continue;
    best = one;
    least = wrong;
  }
  return best;
}

/** How many letters are missing, too many or others. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, n) => n);
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1];
    for (const [j, other] of [...b].entries())
      next.push(
        Math.min((row[j] ?? 0) + (letter === other ? 0 : 1), (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1),
      );
    row = next;
  }
  return row.at(-1) ?? 0;
}

/** A list is asked for its length, and seldom for more than its first items. */
const MAX_ITEMS = 20;
const MAX_DEPTH = 10;

/** Of what objects and lists hold, each within another by its path. */
export function fieldsOf(payload: unknown, depth = MAX_DEPTH, prefix = ""): string[] {
  if (depth === 0 || typeof payload !== "object" || payload === null) return [];
  const isList = Array.isArray(payload);
  const entries: [string, unknown][] = isList
    ? [["length", payload.length], ...Object.entries(payload.slice(0, MAX_ITEMS))]
    : Object.entries(payload);
  return entries.flatMap(([name, value]) => [
    `${prefix}${name}`,
    ...fieldsOf(value, depth - 1, `${prefix}${name}.`),
  ]);
}
