// Everything between a process and what it uses: it takes time, requests and answers get lost, and a process may die at each of them.
import type { Random } from "../harness/random.ts";
import { elapsed, type Process, schedule } from "./clock.ts";

/** How likely each fault is, at each step. */
export interface Faults {
  readonly lostRequest: number;
  readonly lostAnswer: number;
  /** Late by up to `MAX_LATE_MS`, so that it arrives when its sender may not work any more. */
  readonly late: number;
  readonly crash: number;
  readonly freeze: number;
  readonly lostMail: number;
  readonly repeatedMail: number;
  readonly reorderedMail: number;
  readonly wipedStream: number;
  readonly lostLease: number;
  /** A lease, to whoever has fewer. */
  readonly givenBack: number;
  /** A process is told to end, as when another release takes its place. */
  readonly stopped: number;
}

export const NO_FAULTS: Faults = {
  lostRequest: 0,
  lostAnswer: 0,
  late: 0,
  crash: 0,
  freeze: 0,
  lostMail: 0,
  repeatedMail: 0,
  reorderedMail: 0,
  wipedStream: 0,
  lostLease: 0,
  givenBack: 0,
  stopped: 0,
};

export interface Network {
  /** What happens now; none once all is healed. */
  readonly faults: Faults;
  readonly random: Random;
  isHit(fault: keyof Faults): boolean;
  /** `effect` happens where it is asked of, perhaps though nobody hears of it. Never settles for a process that is dead. */
  call<T>(process: Process, effect: () => T, unanswered: Unanswered): Promise<T>;
}

/** What is thrown where no answer comes, and after how long. */
export interface Unanswered {
  readonly afterMs: number;
  readonly error: () => Error;
}

const LATENCY_MS = 3;
/** How long a request may be on its way. */
export const MAX_LATE_MS = 9_000;
const MAX_FREEZE_MS = MAX_LATE_MS;

export interface NetworkOptions {
  readonly random: Random;
  readonly faults: Faults;
  readonly healedAt: number;
  readonly onCrash: (process: Process) => void;
  readonly tell: (what: string) => void;
}

export function createNetwork({ random, faults, healedAt, onCrash, tell }: NetworkOptions): Network {
  const current = (): Faults => (elapsed() < healedAt ? faults : NO_FAULTS);
  const isHit = (fault: keyof Faults): boolean => {
    const chance = current()[fault];
    return chance > 0 && random.next() < chance;
  };
  const latency = (): number =>
    isHit("late") ? random.between(LATENCY_MS, MAX_LATE_MS) : random.next() * LATENCY_MS;

  function mayDie(process: Process, when: string): boolean {
    if (isHit("crash")) {
      tell(`${process.name} dies ${when}`);
      process.alive = false;
      onCrash(process);
      return true;
    }
    if (isHit("freeze")) {
      const ms = random.between(10, MAX_FREEZE_MS);
      tell(`${process.name} is frozen for ${ms} ms ${when}`);
      process.frozenUntil = elapsed() + ms;
    }
    return false;
  }

  return {
    get faults() {
      return current();
    },
    random,
    isHit,
    call(process, effect, { afterMs, error }) {
      return new Promise((resolve, reject) => {
        if (!process.alive || mayDie(process, "before a request")) return;
        const fail = (): void => void schedule(afterMs, () => reject(error()), process);
        if (isHit("lostRequest")) return fail();
        schedule(
          latency(),
          () => {
            try {
              const result = effect();
              if (process.alive && mayDie(process, "after a request")) return;
              if (isHit("lostAnswer")) fail();
              else schedule(latency(), () => resolve(result), process);
            } catch (thrown) {
              schedule(latency(), () => reject(thrown), process);
            }
          },
          undefined,
        );
      });
    },
  };
}
