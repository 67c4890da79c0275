// Which events of $all a filtered reader wants.
import type { RecordedEvent } from "../engine/event-log.ts";
import type { FilterRequest } from "./codec/read-request.ts";
import { invalidArgument } from "./errors.ts";

export type Filter = (event: RecordedEvent) => boolean;

/** Throws where the filter makes no sense. Without a request every event passes. */
export function compileFilter(request: FilterRequest | undefined): Filter {
  if (request === undefined) return () => true;
  const { on, prefixes, regex } = request;
  const subject = (event: RecordedEvent): string => (on === "stream" ? event.stream : event.type);
  if (prefixes.length > 0) return (event) => prefixes.some((prefix) => subject(event).startsWith(prefix));
  if (regex === "") throw invalidArgument("A filter needs a regular expression or prefixes.");
  const pattern = compileRegex(regex);
  return (event) => pattern.test(subject(event));
}

function compileRegex(source: string): RegExp {
  // Harmless escapes such as `\-` are errors under the `u` flag only.
  for (const flags of ["u", ""]) {
    try {
      return new RegExp(source, flags);
    } catch {}
  }
  throw invalidArgument(`The filter '${source}' is not a valid regular expression.`);
}
