// Who owns what in the simulation: each name belongs to one process for a while. A process that dies, sleeps or can't renew loses it when
// its time is over, and learns of it by its own clock.
import type { Lease } from "#platform/leases.ts";
import { elapsed, inProcess, type Process, schedule } from "./clock.ts";
import type { Network } from "./network.ts";

const TTL_MS = 4_000;
const RENEW_MS = 1_000;

interface Held {
  readonly process: Process;
  expiresAt: number;
}

/** Begins the work on a name; resolves to what ends it. */
export type Work = (lease: Lease) => Promise<() => Promise<void>>;

export interface Leases {
  /** From now on this process takes what is free. */
  join(process: Process, works: Readonly<Record<string, Work>>): void;
}

export function createLeases(network: Network, tell: (what: string) => void): Leases {
  const held = new Map<string, Held>();

  /** What a process has not ended yet it does not take again. */
  const ending = new Map<Process, Set<string>>();

  function take(name: string, process: Process, work: Work): void {
    const record: Held = { process, expiresAt: elapsed() + TTL_MS };
    held.set(name, record);
    tell(`${process.name} has ${name}`);
    const lost = new AbortController();
    let ownExpiry = record.expiresAt;
    const lease: Lease = {
      name,
      get valid() {
        return !lost.signal.aborted && elapsed() < ownExpiry;
      },
      lost: lost.signal,
    };
    let isGivenUp = false;
    const working = inProcess(process, () => work(lease)).catch((error: Error) => {
      tell(`${process.name} could not begin with ${name}: ${error.message}`);
      isGivenUp = true;
      return async () => undefined;
    });

    function renew(): void {
      if (
        !isGivenUp &&
        held.get(name) === record &&
        elapsed() < record.expiresAt &&
        !network.isHit("lostLease")
      ) {
        record.expiresAt = elapsed() + TTL_MS;
        ownExpiry = record.expiresAt;
      }
      if (elapsed() < ownExpiry) return void schedule(RENEW_MS, renew, process);
      tell(`${process.name} has lost ${name}`);
      lost.abort();
      const own = ending.get(process) ?? new Set();
      ending.set(process, own.add(name));
      void working.then((end) => end()).finally(() => own.delete(name));
    }
    schedule(RENEW_MS, renew, process);
  }

  return {
    join(process, works) {
      const look = (): void => {
        for (const [name, work] of Object.entries(works)) {
          const holder = held.get(name);
          const isFree = holder === undefined || elapsed() >= holder.expiresAt;
          if (isFree && !ending.get(process)?.has(name) && network.random.next() < 0.5)
            take(name, process, work);
        }
        schedule(RENEW_MS / 4 + network.random.next() * RENEW_MS, look, process);
      };
      look();
    },
  };
}
