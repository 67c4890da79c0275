import { type Bound, classify, constantsOf, holdsAt, placesAmong, spellingsOf } from "./classes.ts";
import type { Test } from "./literals.ts";
import { boundsOf, type ListEntry } from "./tree.ts";

// Many entries at once: for every class, each thing that a field can say is a mask of the entries that it does not rule out. What
// is left of all masks joined are the entries that hold, and the first of them decides.

export type Mask = Uint32Array;

export type TableClass =
  | {
      readonly kind: "text";
      readonly field: string;
      readonly cases: ReadonlyMap<string, Mask>;
      /** The texts as the rules write them. */
      readonly spellings: readonly string[];
      readonly otherwise: Mask;
      /** Whether a list can hold what is asked for. */
      readonly takesLists: boolean;
    }
  | {
      readonly kind: "number" | "order";
      readonly field: string;
      readonly bounds: readonly Bound[];
      readonly places: readonly Mask[];
      readonly otherwise: Mask;
      readonly takesLists: boolean;
    }
  | { readonly kind: "single"; readonly test: Test; readonly yes: Mask; readonly no: Mask };

export interface Table {
  readonly words: number;
  /** Those that rule out the most come first. */
  readonly classes: readonly TableClass[];
}

export function tableOf(entries: readonly ListEntry[]): Table {
  const tests = [...new Set(entries.flatMap((entry) => entry.tests.map(({ test }) => test)))];
  const { classes, classOf } = classify(tests);
  const numberOf = new Map(tests.map((test, n) => [test, n]));
  const words = Math.ceil(entries.length / 32);
  /** By class: the entries that ask it, and what each asks. */
  const asking = classes.map(() => new Map<number, { readonly test: Test; readonly holds: boolean }[]>());
  for (const [n, entry] of entries.entries())
    for (const asked of entry.tests) {
      const mine = asking[classOf[numberOf.get(asked.test) as number] as number] as (typeof asking)[number];
      mine.set(n, [...(mine.get(n) ?? []), asked]);
    }

  /** The entries that are left where these tests of a class hold and its others don't. */
  const maskOf = (of: number, holds: (test: Test) => boolean): Mask => {
    const mask = new Uint32Array(words).fill(0xffffffff);
    for (const [n, asked] of asking[of] as (typeof asking)[number])
      if (asked.some((one) => holds(one.test) !== one.holds))
        mask[n >> 5] = (mask[n >> 5] as number) & ~(1 << (n & 31));
    return mask;
  };

  const made = classes.map((one, number): TableClass => {
    const mine = tests.filter((_, n) => classOf[n] === number);
    if (one.kind === "single") {
      const test = tests[one.test] as Test;
      return { kind: "single", test, yes: maskOf(number, () => true), no: maskOf(number, () => false) };
    }
    const otherwise = maskOf(number, () => false);
    const takesLists = mine.some(({ operator }) => operator === "in");
    if (one.kind === "text") {
      const holding = new Map<string, Set<Test>>();
      for (const test of mine)
        for (const constant of constantsOf(test) as string[])
          holding.set(constant, (holding.get(constant) ?? new Set()).add(test));
      const cases = new Map(
        [...holding].map(([constant, those]) => [constant, maskOf(number, (test) => those.has(test))]),
      );
      return {
        kind: "text",
        field: one.field,
        cases,
        spellings: mine.flatMap(spellingsOf),
        otherwise,
        takesLists,
      };
    }
    const bounds = boundsOf(mine);
    const indexOf = new Map(bounds.map((bound, n) => [bound, n]));
    const places = Array.from({ length: placesAmong(bounds.length) }, (_, place) =>
      maskOf(number, (test) => holdsAt(test, place, indexOf)),
    );
    return { kind: one.kind, field: one.field, bounds, places, otherwise, takesLists };
  });
  const sizeOf = (n: number): number => (asking[n] as (typeof asking)[number]).size;
  const order = made.map((_, n) => n).sort((a, b) => sizeOf(b) - sizeOf(a));
  return { words, classes: order.map((n) => made[n] as TableClass) };
}
