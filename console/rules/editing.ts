// A rule while it is written: texts as they stand in the fields, and a number for each part so that React tells them apart.
import type { Route, Rule } from "../api/shapes.ts";
import { asText, shapeOf, valueFrom } from "./value.ts";

export interface EditedPredicate {
  readonly key: number;
  readonly field: string;
  readonly operator: string;
  readonly text: string;
  /** What the rule held, kept as it was unless somebody types. */
  readonly value?: unknown;
}

export interface EditedGroup {
  readonly key: number;
  readonly combinator: "and" | "or";
  readonly not: boolean;
  readonly rules: readonly (EditedPredicate | EditedGroup)[];
}

export const isGroup = (one: EditedPredicate | EditedGroup): one is EditedGroup => "combinator" in one;

let keys = 0;
const nextKey = (): number => {
  keys += 1;
  return keys;
};

export const newPredicate = (): EditedPredicate => ({ key: nextKey(), field: "", operator: "=", text: "" });
export const newGroup = (): EditedGroup => ({
  key: nextKey(),
  combinator: "or",
  not: false,
  rules: [newPredicate()],
});

export function edited({ combinator, not, rules }: Rule["when"]): EditedGroup {
  return {
    key: nextKey(),
    combinator,
    not: not === true,
    rules: rules.map((one) =>
      "combinator" in one
        ? edited(one)
        : {
            key: nextKey(),
            field: one.field,
            operator: one.operator,
            text: asText(one.value),
            value: one.value,
          },
    ),
  };
}

export function written({ combinator, not, rules }: EditedGroup): Rule["when"] {
  return {
    combinator,
    ...(not && { not }),
    rules: rules.map((one) => (isGroup(one) ? written(one) : predicateOf(one))),
  };
}

function predicateOf({ field, operator, text, value }: EditedPredicate) {
  const made = value !== undefined && asText(value) === text ? value : valueFrom(text, operator);
  return {
    field: field.trim(),
    operator: operator as never,
    ...(made !== undefined && shapeOf(operator) !== "none" && { value: made }),
  };
}

const FIELD = /^[^.\p{Cc}\p{Cs}]+(\.[^.\p{Cc}\p{Cs}]+)*$/u;

/** What is missing, by the key of the condition. */
export function problemsIn(
  group: EditedGroup,
): ReadonlyMap<number, { readonly field?: string; readonly value?: string }> {
  const found = new Map<number, { field?: string; value?: string }>();
  for (const one of group.rules) {
    if (isGroup(one)) {
      for (const [key, problem] of problemsIn(one)) found.set(key, problem);
      continue;
    }
    const problem = { ...fieldProblem(one), ...valueProblem(one) };
    if (Object.keys(problem).length > 0) found.set(one.key, problem);
  }
  return found;
}

function fieldProblem({ field }: EditedPredicate): { readonly field?: string } {
  return FIELD.test(field.trim()) ? {} : { field: "Names joined by dots, like interest or address.zip" };
}

function valueProblem({ operator, text }: EditedPredicate): { readonly value?: string } {
  const shape = shapeOf(operator);
  if (shape === "none") return {};
  if (text.trim() === "") return { value: "A value is missing" };
  const parts = text.split(",").filter((part) => part.trim() !== "").length;
  return shape === "two" && parts !== 2 ? { value: "Two values, like 18, 30" } : {};
}

export function isComplete(route: Route): boolean {
  if ("to" in route) return route.to !== "";
  if ("waterfall" in route) return route.waterfall.length > 0 && route.waterfall.every((to) => to !== "");
  if ("ask" in route) return route.ask !== "";
  return route.split.length > 0 && route.split.every(({ to, weight }) => to !== "" && weight > 0);
}
