import { z } from "zod";
import { PartnerId, RuleId } from "../ids.ts";
import { folded } from "./fold.ts";

// A rule as people write it: react-querybuilder's format for `when`, and where to go.

export const operators = [
  "=",
  "!=",
  "<",
  "<=",
  ">",
  ">=",
  "in",
  "notIn",
  "contains",
  "doesNotContain",
  "beginsWith",
  "endsWith",
  "between",
  "notBetween",
  "null",
  "notNull",
] as const;
export type Operator = (typeof operators)[number];

/** A payload may have fields of any name. Nobody could see a control character or a space at either end, and no table holds a NUL. */
const FIELD = /^(?!\s)[^.\p{Cc}\p{Cs}]+(\.[^.\p{Cc}\p{Cs}]+)*(?<!\s)$/u;

export interface Predicate {
  readonly field: string;
  readonly operator: Operator;
  readonly value?: unknown;
}

export interface Group {
  readonly combinator: "and" | "or";
  readonly not?: boolean | undefined;
  readonly rules: readonly (Predicate | Group)[];
}

export const Predicate = z
  .object({
    field: z.string().regex(FIELD, "a field is names joined by dots, like address.zip"),
    operator: z.enum(operators),
    value: z.unknown().optional(),
  })
  .superRefine(({ operator, value }, context) => {
    const problem = problemWith(operator, value);
    if (problem !== undefined) context.addIssue({ code: "custom", path: ["value"], message: problem });
  });

export const Group: z.ZodType<Group> = z.object({
  combinator: z.enum(["and", "or"]),
  not: z.boolean().optional(),
  get rules() {
    return z.array(z.union([Predicate, Group]));
  },
});

export const RouteTarget = z.union([
  z.strictObject({ to: PartnerId }),
  z.strictObject({ waterfall: z.array(PartnerId).min(1) }),
  z.strictObject({ split: z.array(z.strictObject({ to: PartnerId, weight: z.number().positive() })).min(1) }),
  z.strictObject({ ask: z.string().min(1) }),
]);
export type RouteTarget = z.infer<typeof RouteTarget>;

export const Rule = z.object({
  id: RuleId,
  name: z.string().min(1),
  priority: z.number(),
  enabled: z.boolean(),
  when: Group,
  route: RouteTarget,
});
export type Rule = z.infer<typeof Rule>;

const isScalar = (value: unknown): boolean =>
  typeof value === "string" || Number.isFinite(value) || typeof value === "boolean";

/** Why this operator can't be used with this value; undefined when it can. */
function problemWith(operator: Operator, value: unknown): string | undefined {
  switch (operator) {
    case "null":
    case "notNull":
      return undefined;
    case "in":
    case "notIn":
      return Array.isArray(value) && value.every(isScalar) ? undefined : `${operator} needs a list of values`;
    case "between":
    case "notBetween":
      return problemWithBounds(operator, value);
    case "=":
    case "!=":
    case "<":
    case "<=":
    case ">":
    case ">=":
    case "contains":
    case "doesNotContain":
    case "beginsWith":
    case "endsWith":
      return isScalar(value) ? undefined : `${operator} needs a text, a number or true/false`;
  }
}

function problemWithBounds(operator: Operator, value: unknown): string | undefined {
  if (!Array.isArray(value) || value.length !== 2) return `${operator} needs two values: [lowest, highest]`;
  const [low, high] = value;
  if (!isScalar(low) || !isScalar(high)) return `${operator} needs two numbers or two texts`;
  if (typeof low !== typeof high || !["string", "number"].includes(typeof low)) {
    return `${operator} needs two numbers or two texts`;
  }
  const isReversed = typeof low === "string" ? folded(low) > folded(high) : low > high;
  return isReversed ? `${operator} has its bounds reversed: ${low} is greater than ${high}` : undefined;
}
