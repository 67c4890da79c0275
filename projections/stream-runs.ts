// Events of one stream by their revisions, in few reads: each read costs the same, however much it brings.
import type { EventStore } from "#platform/event-store/event-store.ts";
import type { StoredEvent } from "#platform/event-store/stored-event.ts";

interface Runs {
  /** Closer than this, one read that also brings what stands in between costs less than two. */
  readonly maxGap: number;
  /** How many events one read may bring. */
  readonly maxCount?: number;
}

interface Run {
  readonly from: number;
  to: number;
}

/** `revisions` in ascending order. */
export function runsOf(
  revisions: readonly number[],
  { maxGap, maxCount = Number.POSITIVE_INFINITY }: Runs,
): Run[] {
  const runs: Run[] = [];
  for (const revision of revisions) {
    const last = runs.at(-1);
    if (last !== undefined && revision - last.to <= maxGap && revision - last.from < maxCount)
      last.to = revision;
    else runs.push({ from: revision, to: revision });
  }
  return runs;
}

export const readRun = (
  eventStore: Pick<EventStore, "readStream">,
  stream: string,
  { from, to }: Run,
): Promise<StoredEvent[]> => eventStore.readStream(stream, { from: BigInt(from), maxCount: to - from + 1 });
