// One lease while this process has it: renewed in time, or lost.
import type { Log } from "../log.ts";
import type { LeaseRecords } from "./lease-record.ts";

export interface Lease {
  readonly name: string;
  /** Whether this process may act for the name at this very moment; ask it after every wait. */
  readonly valid: boolean;
  /** Aborted as soon as this process may not act for the name any more. */
  readonly lost: AbortSignal;
}

export interface HeldLease extends Lease {
  renew(): Promise<void>;
  /** Gives it up in the bucket, so that another may take it at once. */
  release(): Promise<void>;
}

export interface HeldLeaseOptions {
  readonly name: string;
  readonly records: LeaseRecords;
  readonly holder: string;
  readonly instance: string;
  readonly ttlMs: number;
  readonly revision: number;
  /** When the write that acquired it was begun, which the others can't have seen earlier. */
  readonly since: number;
  /** Numbers the writes of the holder, to tell the later of two. */
  readonly nextBeat: () => number;
  readonly log: Log;
}

export function holdLease(options: HeldLeaseOptions): HeldLease {
  const { name, records, holder, instance, ttlMs, nextBeat, log } = options;
  const lost = new AbortController();
  let revision = options.revision;
  let expiresAt = options.since + ttlMs;
  let renewing = false;

  const lose = (reason: string): void => {
    if (lost.signal.aborted) return;
    log.warn({ name, reason }, "lease lost");
    clearTimeout(expiry);
    lost.abort();
  };

  // A process that was stopped for a while learns it here, or before, when somebody asks whether the lease is valid.
  const checkExpiry = (): void => {
    const left = expiresAt - performance.now();
    if (left <= 0) lose("expired");
    else expiry = setTimeout(checkExpiry, left);
  };
  let expiry = setTimeout(checkExpiry, ttlMs);

  /** A renewal whose answer was lost may have happened: then the record still names this holder. */
  async function adopt(): Promise<number | undefined> {
    const record = await records.read(name);
    return record?.owner?.holder === holder ? record.revision : undefined;
  }

  async function renew(): Promise<void> {
    if (renewing || lost.signal.aborted) return;
    renewing = true;
    const since = performance.now();
    try {
      const by = { holder, instance, beat: nextBeat() };
      const renewed = (await records.write(name, by, revision)) ?? (await adopt());
      if (renewed === undefined) {
        lose("taken by another");
      } else {
        revision = renewed;
        // An answer that comes too late must not bring a lease back to life.
        if (performance.now() < expiresAt) expiresAt = Math.max(expiresAt, since + ttlMs);
      }
    } catch (error) {
      log.warn({ err: error, name }, "lease not renewed yet");
    } finally {
      renewing = false;
    }
  }

  return {
    name,
    get valid() {
      if (performance.now() >= expiresAt) lose("expired");
      return !lost.signal.aborted;
    },
    lost: lost.signal,
    renew,
    async release() {
      const mayBeOurs = !lost.signal.aborted;
      clearTimeout(expiry);
      lost.abort();
      if (mayBeOurs) await records.release(name, (await adopt()) ?? revision);
    },
  };
}
