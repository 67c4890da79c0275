// How many submissions may wait for the event store at once: more while it confirms quickly, few while it does not. Each one that waits
// holds a slot.
import { setTimeout as pause } from "node:timers/promises";

export interface Admission {
  /** Undefined when no slot is free. */
  enter(bytes: number): Slot | undefined;
  /** Whether the store did not confirm lately. */
  readonly isFailing: boolean;
  /** How long a refusal takes: clients that are refused at once repeat at once, all together. */
  delayRefusal(): Promise<void>;
  readonly slotsInUse: number;
  readonly slots: number;
}

/** Ended by one of the two. */
export interface Slot {
  /** The store has confirmed after so many milliseconds. */
  confirmed(ms: number): void;
  failed(): void;
}

/** A store that fails gets only a few appends to try itself on. */
const SLOTS_WHILE_FAILING = 16;
/** With fewer, a busy machine would spend its time on refusals. */
const MIN_SLOTS = 128;
const INITIAL_SLOTS = 384;
const MAX_SLOTS = 1024;
const MAX_BYTES = 64 * 1024 * 1024;
/** A round is as many confirmations as there are slots. */
const GROWTH_PER_ROUND = 8;
/** Slower than this, and a queue builds up behind the store. */
const SLOW_MS = 60;
const SHRINK_FACTOR = 0.8;
/** One slow commit holds up everything in it: it is one reason to shrink, not hundreds. */
const SHRINK_INTERVAL_MS = 100;
const REFUSAL_MS = 500;
const MAX_DELAYED_REFUSALS = 5_000;

export function createAdmission(now: () => number = () => performance.now()): Admission {
  let slots = INITIAL_SLOTS;
  let slotsInUse = 0;
  let bytesInUse = 0;
  let delayedRefusals = 0;
  let shrunkAt = Number.NEGATIVE_INFINITY;

  function shrink(): void {
    if (now() - shrunkAt < SHRINK_INTERVAL_MS) return;
    shrunkAt = now();
    slots = Math.max(MIN_SLOTS, Math.floor(slots * SHRINK_FACTOR));
  }

  return {
    get slotsInUse() {
      return slotsInUse;
    },
    get slots() {
      return slots;
    },
    get isFailing() {
      return slots < MIN_SLOTS;
    },
    async delayRefusal() {
      if (delayedRefusals >= MAX_DELAYED_REFUSALS) return;
      delayedRefusals += 1;
      await pause(REFUSAL_MS * (0.7 + 0.6 * Math.random()));
      delayedRefusals -= 1;
    },
    enter(bytes) {
      if (slotsInUse >= slots || bytesInUse + bytes > MAX_BYTES) return undefined;
      slotsInUse += 1;
      bytesInUse += bytes;
      const leave = (): void => {
        slotsInUse -= 1;
        bytesInUse -= bytes;
      };
      return {
        confirmed(ms) {
          if (slots < MIN_SLOTS) slots += 1;
          else if (ms > SLOW_MS) shrink();
          // With many slots unused, quick confirmations prove nothing.
          else if (slotsInUse > slots / 2) slots = Math.min(MAX_SLOTS, slots + GROWTH_PER_ROUND / slots);
          leave();
        },
        failed() {
          leave();
          slots = SLOTS_WHILE_FAILING;
        },
      };
    },
  };
}
