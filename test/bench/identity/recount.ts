// What a fast stage must not have lost or done twice.
import { IDENTITY_STREAM } from "#domain/identity/events.ts";
import { SUBMISSION_STREAM_PREFIX } from "#domain/submission/events.ts";
import type { TestYard } from "../../leads/yard.ts";

const ONCE_EACH = ["PersonIdentified", "SubmissionRouted", "PersonRegistered"];

/** Throws unless each of so many submissions was identified, registered and routed once after this position. */
export async function recount({ own }: TestYard, from: bigint, submissions: number): Promise<void> {
  const seen = new Map<string, Set<unknown>>(ONCE_EACH.map((type) => [type, new Set()]));
  let events = 0;
  const done = new AbortController();
  await own.eventStore().follow({
    name: "recount",
    prefixes: [SUBMISSION_STREAM_PREFIX, IDENTITY_STREAM],
    from,
    signal: done.signal,
    async onEvents(found) {
      events += found.length;
      for (const { type, data } of found)
        seen.get(type)?.add((data as { submission_id: string }).submission_id);
    },
    onCaughtUp: () => done.abort(),
  }).done;
  const counts = Array.from(seen, ([type, ids]) => `${ids.size} of ${type}`);
  const isRight = [...seen.values()].every(({ size }) => size === submissions);
  if (!isRight || events !== submissions * ONCE_EACH.length)
    throw new Error(`${submissions} submissions led to ${events} events: ${counts.join(", ")}`);
}
