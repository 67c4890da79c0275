// The query of a URL. It is decoded strictly: what is no UTF-8, or holds a NUL, is refused by its name and reaches no database.
import type { InputError } from "../refusal.ts";

export type Query = Readonly<Record<string, string | readonly string[]>>;

/** Stands in the place of a query that can't be read, because a parser can't refuse. */
export class UnreadableQuery {
  readonly errors: readonly InputError[];

  constructor(errors: readonly InputError[]) {
    this.errors = errors;
  }
}

const NO_QUERY: Query = Object.freeze(Object.create(null));
const MAX_NAME = 100;

/** Most requests have none, so that costs nothing. */
export function parseQuery(text: string): Query | UnreadableQuery {
  if (text === "") return NO_QUERY;
  const query: Record<string, string | string[]> = Object.create(null);
  const errors: InputError[] = [];
  for (const pair of text.split("&")) {
    if (pair === "") continue;
    const equals = pair.indexOf("=");
    const [rawName, rawValue] = equals < 0 ? [pair, ""] : [pair.slice(0, equals), pair.slice(equals + 1)];
    const [name, value] = [decoded(rawName), decoded(rawValue)];
    if (name === undefined || value === undefined)
      errors.push({
        path: (name ?? rawName).slice(0, MAX_NAME),
        message: "must be percent-encoded UTF-8 without NUL",
      });
    else {
      const before = query[name];
      query[name] = before === undefined ? value : [before, value].flat();
    }
  }
  return errors.length === 0 ? query : new UnreadableQuery(errors);
}

export const isEmpty = (query: unknown): boolean => query === NO_QUERY;

function decoded(text: string): string | undefined {
  try {
    const value = decodeURIComponent(text.replaceAll("+", " "));
    return value.includes("\0") ? undefined : value;
  } catch {
    return undefined;
  }
}
