// How long the keys live that many submissions share: those of the intake's days, and those of the months of what names nobody.
// Time here is the log's, never a process's clock: see docs/decisions/0090.

import { nobodyKey } from "../seal-contexts.ts";

/** The days that an intake key lives after its own. */
const INTAKE_KEY_DAYS = 7;
/** Full months that the payloads of what names nobody can be read after their own. */
const NOBODY_KEY_MONTHS = 12;
/** How long a dead letter can be fetched back at least; its key is kept for it. */
const REDRIVE_DAYS = 7;
/** How far back keys are looked for that nobody destroyed in time. */
const CATCH_UP_DAYS = 1_500;
/** Keys that a day can have: another one after the first was destroyed, as when a clock was put back. */
const KEYS_OF_A_DAY = 3;

const DAY_MS = 24 * 60 * 60 * 1_000;

const daysFrom = (day: Date, days: number): Date => new Date(day.getTime() + days * DAY_MS);

/** Those that a submission received on this day can be sealed under, in this order: the first that is not destroyed. */
export function intakeKeys(day: string): string[] {
  return Array.from({ length: KEYS_OF_A_DAY }, (_, n) => `intake-${day}${n === 0 ? "" : `-${n}`}`);
}

/** The keys whose time is over when the log says that it is this time; not all of them exist. */
export function keysPast(logTime: Date): string[] {
  const days = Array.from({ length: CATCH_UP_DAYS }, (_, n) => {
    return daysFrom(logTime, -INTAKE_KEY_DAYS - 1 - n)
      .toISOString()
      .slice(0, 10);
  });
  const months = Array.from({ length: Math.ceil(CATCH_UP_DAYS / 28) }, (_, n) => {
    const month = new Date(
      Date.UTC(logTime.getUTCFullYear(), logTime.getUTCMonth() - NOBODY_KEY_MONTHS - 1 - n),
    );
    return nobodyKey(month.toISOString());
  });
  return [...days.flatMap(intakeKeys), ...months];
}

/** Dead letters that died before this can't be fetched back any more. */
export const redriveEnds = (logTime: Date): Date => daysFrom(logTime, -REDRIVE_DAYS);

/** When the key that seals what comes in now is destroyed at the earliest, with time for the sweep that does it. */
export function rawReadableUntil(now: Date): string {
  return `${daysFrom(now, INTAKE_KEY_DAYS + 1)
    .toISOString()
    .slice(0, 10)}T01:00:00.000Z`;
}
