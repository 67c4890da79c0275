// What is known of other holders' leases: the last sign of life of each, by our own clock, so that clocks need not agree.
import type { LeaseRecord, LeaseRecords, Owner } from "./lease-record.ts";

interface Sighting {
  readonly owner: Owner;
  readonly at: number;
}

export interface Sightings {
  /** Whether it is time to read the record: nothing is known of it, or its last sign of life is a whole lease ago. */
  isDue(name: string): boolean;
  /** Since its last sign of life; undefined when nothing is known of it. */
  silentMs(name: string): number | undefined;
  /** True once for each time that its holder stays silent for so long that a renewal must be missing. */
  isNewlyOverdue(name: string): boolean;
  /** Whether a record, just read, may be taken over: never had, released, or the same for a whole lease. */
  isFree(name: string, record: LeaseRecord | undefined): boolean;
  forget(name: string): void;
  keepOnly(names: ReadonlySet<string>): void;
  close(): Promise<void>;
}

/** Of a lease's life; a holder that is well renews three times in it. */
const OVERDUE_AFTER = 1 / 2;
/** So long after a name was let go, a record that still names somebody may have been read too early: it is read again. */
const RELEASE_RACE_MS = 1000;

export function watchLeases(records: LeaseRecords, ttlMs: number): Sightings {
  const seen = new Map<string, Sighting>();
  const reported = new WeakSet<Sighting>();
  const forgottenAt = new Map<string, number>();

  function forget(name: string): void {
    seen.delete(name);
    forgottenAt.set(name, performance.now());
  }

  const watching = records.watch((name, owner) => {
    if (!owner) forget(name);
    // Only its holder's own writes prolong a lease; those of rivals may have been refused.
    else if (seen.get(name)?.owner.holder === owner.holder) seen.set(name, { owner, at: performance.now() });
  });

  const isOld = (sighting: Sighting): boolean => performance.now() - sighting.at >= ttlMs;
  const silentMs = (name: string): number | undefined => {
    const sighting = seen.get(name);
    return sighting && performance.now() - sighting.at;
  };

  return {
    silentMs,
    isDue: (name) => (silentMs(name) ?? ttlMs) >= ttlMs,
    isNewlyOverdue(name) {
      const sighting = seen.get(name);
      if (!sighting || reported.has(sighting) || performance.now() - sighting.at < ttlMs * OVERDUE_AFTER)
        return false;
      reported.add(sighting);
      return true;
    },
    isFree(name, record) {
      const owner = record?.owner;
      if (!owner) return true;
      const sighting = seen.get(name);
      // Its last write may have been seen and refused; the record is behind it then, and has not moved since all the more.
      const unmoved = sighting?.owner.holder === owner.holder && owner.beat <= sighting.owner.beat;
      if (unmoved) return isOld(sighting);
      const now = performance.now();
      if (now - (forgottenAt.get(name) ?? Number.NEGATIVE_INFINITY) < RELEASE_RACE_MS) return false;
      forgottenAt.delete(name);
      seen.set(name, { owner, at: now });
      return false;
    },
    forget,
    keepOnly(names) {
      for (const map of [seen, forgottenAt]) {
        for (const name of map.keys()) if (!names.has(name)) map.delete(name);
      }
    },
    close: () => watching.close(),
  };
}
