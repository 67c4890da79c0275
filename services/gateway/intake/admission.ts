// How many submissions may wait for the event store at once: more while it answers quickly, few while it does not.

import { setTimeout as pause } from "node:timers/promises";

export interface Admission {
  /** Undefined when there is no room. */
  enter(bytes: number): Pass | undefined;
  /** Whether there is no room, seen before it costs anything. */
  readonly isFull: boolean;
  /** How long it takes to say no: whoever is refused at once asks again at once, and together with all the others. */
  holdBack(): Promise<void>;
  readonly waiting: number;
  readonly room: number;
}

export interface Pass {
  /** The store has confirmed, after so many milliseconds. */
  confirmed(ms: number): void;
  /** It has not. */
  failed(): void;
}

/** A store that fails gets only a few to try itself on. */
const WHILE_FAILING = 16;
/** However slowly it answers, so many do no harm; with less, a busy machine would spend its time on refusing. */
const WHILE_SLOW = 128;
const AT_FIRST = 384;
const CEILING = 1024;
const MOST_BYTES = 64 * 1024 * 1024;
/** Much more at once would only be more to wait for, and less soon enough when it is needed again. */
const GROWTH_PER_ROUND = 8;
/** Slower than this means that a queue is building up behind the store. */
const SLOW_MS = 60;
/** Refusing costs little, but a crowd that does nothing but ask would leave no time for those who are let in. */
const HELD_MS = 500;
const MOST_HELD = 5_000;
/** One slow commit holds up everything in it; it is one reason to shrink, not hundreds. */
const SHRINK_EVERY_MS = 100;

export function createAdmission(now: () => number = () => performance.now()): Admission {
  let room = AT_FIRST;
  let waiting = 0;
  let bytes = 0;
  let held = 0;
  let shrunkAt = Number.NEGATIVE_INFINITY;
  const slower = (): void => {
    if (now() - shrunkAt < SHRINK_EVERY_MS) return;
    shrunkAt = now();
    room = Math.max(WHILE_SLOW, Math.floor(room * 0.8));
  };
  return {
    get waiting() {
      return waiting;
    },
    get room() {
      return room;
    },
    get isFull() {
      return waiting >= room;
    },
    async holdBack() {
      if (held >= MOST_HELD) return;
      held += 1;
      await pause(HELD_MS * (0.7 + 0.6 * Math.random()));
      held -= 1;
    },
    enter(size) {
      if (waiting >= room || bytes + size > MOST_BYTES) return undefined;
      waiting += 1;
      bytes += size;
      const leave = (): void => {
        waiting -= 1;
        bytes -= size;
      };
      return {
        confirmed(ms) {
          if (room < WHILE_SLOW) room += 1;
          else if (ms > SLOW_MS) slower();
          // Room that was not needed proves nothing.
          else if (waiting > room / 2) room = Math.min(CEILING, room + GROWTH_PER_ROUND / room);
          leave();
        },
        failed() {
          leave();
          room = WHILE_FAILING;
        },
      };
    },
  };
}
