// What an append must bring along before the engine sees it.
import type { ProposedEvent } from "../engine/event-log.ts";
import type { Target } from "./codec/target.ts";
import type { Refusal } from "./refusals.ts";
import { invalidArgument, metadataMissing } from "./refusals.ts";

/** One append beyond this is not even collected, so that no client can fill the memory. */
export const MOST_COLLECTED_BYTES = 64 * 1024 * 1024;

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

export function problemWithStream({ stream }: Target): Refusal | undefined {
  if (stream === "") return invalidArgument("A stream's name can't be empty.");
  if (stream === "$all") return invalidArgument("$all is not a stream that can be written to.");
  return undefined;
}

export function problemWithAppend(target: Target, events: readonly ProposedEvent[]): Refusal | undefined {
  for (const event of events) {
    if (!UUID.test(event.id)) return invalidArgument(`The event id '${event.id}' is not a UUID.`);
    if (event.type === "" || event.contentType === "") {
      const missing = event.type === "" ? ["type"] : [];
      return metadataMissing(event.contentType === "" ? [...missing, "content-type"] : missing);
    }
  }
  return problemWithStream(target);
}
