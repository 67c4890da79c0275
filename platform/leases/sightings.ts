// What is known of other holders' leases: the last sign of life of each, by our own clock, so that clocks need not agree.
import type { LeaseRecord, LeaseRecords, Owner } from "./lease-record.ts";

interface Sighting {
  readonly owner: Owner;
  readonly at: number;
}

export interface Sightings {
  /** Whether it is time to read the record: nothing is known of it, or its last sign of life is a whole lease ago. */
  isDue(name: string): boolean;
  /** Whether a record, just read, may be taken over: never had, released, or the same for a whole lease. */
  isFree(name: string, record: LeaseRecord | undefined): boolean;
  forget(name: string): void;
  keepOnly(names: ReadonlySet<string>): void;
  close(): Promise<void>;
}

export function watchLeases(records: LeaseRecords, ttlMs: number): Sightings {
  const seen = new Map<string, Sighting>();

  const watching = records.watch((name, owner) => {
    if (!owner) seen.delete(name);
    // Only its holder's own writes prolong a lease; those of rivals may have been refused.
    else if (seen.get(name)?.owner.holder === owner.holder) seen.set(name, { owner, at: performance.now() });
  });

  const isOld = (sighting: Sighting): boolean => performance.now() - sighting.at >= ttlMs;

  return {
    isDue(name) {
      const sighting = seen.get(name);
      return !sighting || isOld(sighting);
    },
    isFree(name, record) {
      const owner = record?.owner;
      if (!owner) return true;
      const sighting = seen.get(name);
      const same = sighting?.owner.holder === owner.holder && sighting.owner.beat === owner.beat;
      if (same && isOld(sighting)) return true;
      if (!same) seen.set(name, { owner, at: performance.now() });
      return false;
    },
    forget: (name) => void seen.delete(name),
    keepOnly(names) {
      for (const name of seen.keys()) if (!names.has(name)) seen.delete(name);
    },
    close: () => watching.close(),
  };
}
