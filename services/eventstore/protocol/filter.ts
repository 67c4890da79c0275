// Which events of $all a filtered reader wants.
import type { Recorded } from "../engine/event-log.ts";
import type { FilterRequest } from "./codec/read-request.ts";
import { invalidArgument } from "./refusals.ts";

export type Wanted = (event: Recorded) => boolean;

export const everything: Wanted = () => true;

/** Throws a refusal where the filter makes no sense. */
export function compileFilter(filter: FilterRequest): Wanted {
  const { on, prefixes } = filter;
  const subject = (event: Recorded): string => (on === "stream" ? event.stream : event.type);
  if (prefixes.length > 0) return (event) => prefixes.some((prefix) => subject(event).startsWith(prefix));
  if (filter.regex === "") throw invalidArgument("A filter needs a regular expression or prefixes.");
  const pattern = compileRegex(filter.regex);
  return (event) => pattern.test(subject(event));
}

function compileRegex(source: string): RegExp {
  try {
    return new RegExp(source, "u");
  } catch {
    return compileLenient(source);
  }
}

/** Harmless escapes such as `\-` are errors under the `u` flag only. */
function compileLenient(source: string): RegExp {
  try {
    return new RegExp(source);
  } catch {
    throw invalidArgument(`The filter '${source}' is not a valid regular expression.`);
  }
}
