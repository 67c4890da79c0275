// Who owns what in the simulation: each name belongs to one process for a while. A process that dies, sleeps or can't renew loses it when
// its time is over, and learns of it by its own clock. One that has too many, or is told to end, ends its work and gives it back.
import type { Lease } from "#platform/leases.ts";
import { elapsed, inProcess, type Process, schedule } from "./clock.ts";
import type { Network } from "./network.ts";

const TTL_MS = 4_000;
const RENEW_MS = 1_000;
/** As the lifecycle of a process has it. */
const STOP_MS = 10_000;

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

export interface LeasesOptions {
  readonly network: Network;
  /** It was told to end, and has. */
  readonly onStopped: (process: Process) => void;
  readonly tell: (what: string) => void;
}

export function createLeases({ network, onStopped, tell }: LeasesOptions): Leases {
  const held = new Map<string, Held>();
  /** What gives back all that a process has. */
  const giveBacks = new Map<Process, Set<() => Promise<void>>>();

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

    const ownEnding = ending.get(process) ?? new Set();
    ending.set(process, ownEnding);
    const ownGiveBacks = giveBacks.get(process) ?? new Set();
    giveBacks.set(process, ownGiveBacks.add(giveBack));
    let ended: Promise<void> | undefined;
    function end(): Promise<void> {
      ownEnding.add(name);
      ended ??= working
        .then((stop) => stop())
        .finally(() => {
          ownEnding.delete(name);
          ownGiveBacks.delete(giveBack);
        });
      return ended;
    }

    /** It is renewed until the work on it has ended. */
    async function giveBack(): Promise<void> {
      if (!lost.signal.aborted && ended === undefined) tell(`${process.name} gives back ${name}`);
      const isOurs = !lost.signal.aborted;
      await end();
      if (!isOurs || lost.signal.aborted) return;
      lost.abort();
      if (held.get(name) === record) held.delete(name);
    }

    function renew(): void {
      if (lost.signal.aborted) return;
      if (
        !isGivenUp &&
        held.get(name) === record &&
        elapsed() < record.expiresAt &&
        !network.isHit("lostLease")
      ) {
        record.expiresAt = elapsed() + TTL_MS;
        ownExpiry = record.expiresAt;
      }
      if (elapsed() < ownExpiry) {
        if (network.isHit("givenBack")) void giveBack();
        return void schedule(RENEW_MS, renew, process);
      }
      tell(`${process.name} has lost ${name}`);
      lost.abort();
      void end();
    }
    schedule(RENEW_MS, renew, process);
  }

  /** Ends what it does and gives back what it has; what takes longer is cut off. */
  function stop(process: Process): void {
    tell(`${process.name} is told to end`);
    const end = (how: string) => (): void => {
      if (!process.alive) return;
      tell(`${process.name} has ended ${how}`);
      process.alive = false;
      onStopped(process);
    };
    schedule(STOP_MS, end("in the middle of its work"), process);
    void Promise.all([...(giveBacks.get(process) ?? [])].map((giveBack) => giveBack())).then(end("in order"));
  }

  return {
    join(process, works) {
      const look = (): void => {
        if (network.isHit("stopped")) {
          stop(process);
          return;
        }
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
