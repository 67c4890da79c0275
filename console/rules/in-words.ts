// A rule as a person would say it.
import type { Operator } from "#domain/rules/rule.ts";
import type { Route, Rule } from "../api/shapes.ts";

type Group = Rule["when"];
type Predicate = { readonly field: string; readonly operator: string; readonly value?: unknown };

const verbs: Readonly<Record<Operator, string>> = {
  "=": "is",
  "!=": "is not",
  "<": "is less than",
  "<=": "is at most",
  ">": "is more than",
  ">=": "is at least",
  in: "is one of",
  notIn: "is none of",
  contains: "contains",
  doesNotContain: "does not contain",
  beginsWith: "begins with",
  endsWith: "ends with",
  between: "is between",
  notBetween: "is not between",
  null: "is missing",
  notNull: "is there",
};

/** In the order in which they are offered. */
export const operators = Object.keys(verbs) as Operator[];

const isKnown = (operator: string): operator is Operator => operator in verbs;

/** One that a newer release has added is called as it is written. */
export const operatorInWords = (operator: string): string => (isKnown(operator) ? verbs[operator] : operator);

const plurals: Readonly<Record<string, string>> = {
  lead: "Leads",
  assistance: "Requests for assistance",
  event: "Events",
};

const isGroup = (one: Predicate | Group): one is Group => "combinator" in one;

export function valueInWords(value: unknown): string {
  if (value === undefined || value === null) return "nothing";
  if (typeof value === "string") return value.trim() === "" ? "nothing" : value;
  if (Array.isArray(value)) return listed(value.map(valueInWords), "or");
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

function listed(parts: readonly string[], word: "and" | "or"): string {
  if (parts.length < 2) return parts.join("");
  return `${parts.slice(0, -1).join(", ")} ${word} ${parts.at(-1)}`;
}

function fieldInWords(field: string): string {
  if (field === "person.lead_count") return "number of leads of the person";
  const [first, ...rest] = field.split(".");
  if (first === "suppressed") return `entry in the list ${rest.join(".")}`;
  if (first === "context") return `${rest.slice(1).join(" ")} of the ${rest[0]}`;
  return field.replaceAll("_", " ").replaceAll(".", " ");
}

function predicateInWords({ field, operator, value }: Predicate): string {
  const start = `${fieldInWords(field)} ${operatorInWords(operator)}`;
  if (operator === "null" || operator === "notNull") return start;
  if ((operator === "between" || operator === "notBetween") && Array.isArray(value))
    return `${start} ${valueInWords(value[0])} and ${valueInWords(value[1])}`;
  return `${start} ${valueInWords(value)}`;
}

export function groupInWords({ combinator, not, rules }: Group, isInner = false): string {
  const parts = rules.map((one) => (isGroup(one) ? groupInWords(one, true) : predicateInWords(one)));
  const text = parts.length === 0 ? "anything is so" : listed(parts, combinator);
  if (not === true) return `it is not so that (${text})`;
  return isInner && parts.length > 1 ? `(${text})` : text;
}

const ANY_KIND = "Submissions";

/** "Leads" where only they are asked for, and what is left to say then. A rule that asks for no kind takes all of them. */
function subjectOf(when: Group): { readonly subject: string; readonly rest: Group } {
  const isPlain = when.combinator === "and" && when.not !== true;
  const kind = when.rules.find((one) => !isGroup(one) && one.field === "kind" && one.operator === "=");
  const named =
    kind !== undefined && !isGroup(kind) ? plurals[String(kind.value).trim().toLowerCase()] : undefined;
  if (!isPlain || named === undefined) return { subject: ANY_KIND, rest: when };
  return { subject: named, rest: { ...when, rules: when.rules.filter((one) => one !== kind) } };
}

export function routeInWords(route: Route, isOfOne = false): string {
  const go = isOfOne ? "goes" : "go";
  if ("to" in route) return `${go} to ${route.to}`;
  if ("waterfall" in route) return `${go} to ${route.waterfall.join(", else ")}`;
  if ("ask" in route) return `${go} where the service ${route.ask} says`;
  const total = route.split.reduce((sum, { weight }) => sum + weight, 0);
  const shares = route.split.map(({ to, weight }) => `${to} (${Math.round((weight / total) * 100)} %)`);
  return `${isOfOne ? "is" : "are"} split between ${listed(shares, "and")}`;
}

/** It asks for nothing, so it takes what the rules before it leave. */
const takesAll = ({ rules, not }: Group): boolean => rules.length === 0 && not !== true;

export function whenInWords(when: Group): string {
  if (takesAll(when)) return "All submissions";
  const { subject, rest } = subjectOf(when);
  if (rest.rules.length === 0) return rest.not === true ? "Nothing" : subject;
  return `${subject} ${rest.not === true ? "where" : "whose"} ${groupInWords(rest)}`;
}

/** `comesAfter`: whether others that are in use are asked before it. */
export const ruleInWords = (
  { when, route }: Pick<Rule, "when" | "route">,
  { comesAfter = false }: { readonly comesAfter?: boolean } = {},
): string =>
  comesAfter && takesAll(when)
    ? `Everything else ${routeInWords(route, true)}`
    : `${whenInWords(when)} ${routeInWords(route)}`;

interface Because {
  readonly field: string;
  readonly operator: string;
  readonly expected: unknown;
  readonly actual: unknown;
}

/** What decided about a rule, with what was there. */
export function becauseInWords(because: Because | null): string {
  if (because === null) return "it asks for nothing";
  const { field, operator, expected, actual } = because;
  const wanted = predicateInWords({ field, operator, value: expected });
  return `asks whether ${wanted}; it is ${valueInWords(actual)}`;
}
