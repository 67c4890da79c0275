import { folded } from "../fold.ts";
import type { Test } from "./literals.ts";

// Tests that one look at a field answers together: a look-up for equal texts, a binary search for numbers and for texts in order.
// Every other test is a class of its own.

export type TestClass =
  | { readonly kind: "text"; readonly field: string }
  | { readonly kind: "number"; readonly field: string }
  | { readonly kind: "order"; readonly field: string }
  | { readonly kind: "single"; readonly field: string; readonly test: number };

export interface Classed {
  readonly classes: readonly TestClass[];
  /** By number of the test: which class answers it. */
  readonly classOf: readonly number[];
}

export function classify(tests: readonly Test[]): Classed {
  const classes: TestClass[] = [];
  const known = new Map<string, number>();
  const classOf = tests.map((test, number) => {
    const kind = kindOf(test);
    const key = kind === "single" ? `${number}` : `${kind} ${test.field}`;
    let at = known.get(key);
    if (at === undefined) {
      at = classes.push({ kind, field: test.field, test: number } as TestClass) - 1;
      known.set(key, at);
    }
    return at;
  });
  return { classes, classOf };
}

function kindOf({ operator, value }: Test): TestClass["kind"] {
  switch (operator) {
    case "=":
      return typeof value === "number" ? "number" : "text";
    case "in": {
      const list = value as readonly unknown[];
      if (list.every((one) => typeof one === "number")) return "number";
      return list.every((one) => typeof one !== "number") ? "text" : "single";
    }
    case "<":
    case "<=":
    case ">":
    case ">=":
      return typeof value === "number" ? "number" : typeof value === "string" ? "order" : "single";
    case "between":
      return typeof (value as readonly unknown[])[0] === "number" ? "number" : "order";
    case "contains":
    case "beginsWith":
    case "endsWith":
    case "null":
      return "single";
  }
}

export type Bound = number | string;

/** The constants of a test, as the values that its class looks up or searches among. */
export function constantsOf({ value }: Test): Bound[] {
  const list = Array.isArray(value) ? value : [value];
  return list.map((one) => (typeof one === "number" ? one : folded(String(one))));
}

/** The texts that a test looks for, as they are written. */
export function spellingsOf({ value }: Test): string[] {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  return list.filter((one) => typeof one === "string");
}

/** Before the first of sorted bounds, at it, between it and the second, at the second … */
export const placesAmong = (bounds: number): number => 2 * bounds + 1;

/** Whether the test holds at a place among the sorted bounds: 0 before the first, 1 at the first, 2 after it … */
export function holdsAt(
  { operator, value }: Test,
  place: number,
  indexOf: ReadonlyMap<Bound, number>,
): boolean {
  const placeOf = (bound: unknown): number => {
    const [constant] = constantsOf({ field: "", operator: "=", value: bound });
    return 2 * (indexOf.get(constant as Bound) as number) + 1;
  };
  switch (operator) {
    case "=":
      return place === placeOf(value);
    case "in":
      return (value as readonly unknown[]).some((one) => place === placeOf(one));
    case "<":
      return place < placeOf(value);
    case "<=":
      return place <= placeOf(value);
    case ">":
      return place > placeOf(value);
    case ">=":
      return place >= placeOf(value);
    case "between": {
      const [low, high] = value as readonly [unknown, unknown];
      return place >= placeOf(low) && place <= placeOf(high);
    }
    case "contains":
    case "beginsWith":
    case "endsWith":
    case "null":
      return false;
  }
}
