// How long the raw submission, sealed before anybody knew whose it was, can be read at all.

/** The days that an intake key lives after its own. */
const INTAKE_KEY_DAYS = 7;
/** Destroying is repeated for so many days back, in case nobody was there to do it in time. */
const CATCH_UP_DAYS = 30;

const DAY_MS = 24 * 60 * 60 * 1_000;

const intakeKey = (day: Date): string => `intake-${day.toISOString().slice(0, 10)}`;

const daysFrom = (day: Date, days: number): Date => new Date(day.getTime() + days * DAY_MS);

/** The intake keys whose time is over. */
export function intakeKeysToDestroy(today: Date): string[] {
  return Array.from({ length: CATCH_UP_DAYS }, (_, n) =>
    intakeKey(daysFrom(today, -INTAKE_KEY_DAYS - 1 - n)),
  );
}

/** When the key that seals what comes in now is destroyed, in time for the sweep that does it. */
export function rawReadableUntil(now: Date): string {
  return `${daysFrom(now, INTAKE_KEY_DAYS + 1)
    .toISOString()
    .slice(0, 10)}T01:00:00.000Z`;
}
