import { type ConfigError, check } from "../partner/config-error.ts";
import { isOpen, scheduleErrors } from "../partner/schedule.ts";
import type { Quiet } from "./definition.ts";

// Hours in which a campaign sends nothing.

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
const MAX_DAYS = 8;
/** A Monday, and long ago: which week it is makes no difference to the hours of a week. */
const SOME_MONDAY = Date.UTC(2024, 0, 8);

const asSchedule = ({ time_zone, hours }: Quiet) => ({ time_zone, open: hours });

/** Another object would be another one to what is kept about schedules. */
const schedules = new WeakMap<Quiet, ReturnType<typeof asSchedule>>();
const ends = new WeakMap<Quiet, { readonly from: number; readonly until: number }>();

function isQuiet(quiet: Quiet, at: number): boolean {
  const schedule = schedules.get(quiet) ?? asSchedule(quiet);
  schedules.set(quiet, schedule);
  return isOpen(schedule, at);
}

/** When something may be sent from `at` on: `at` itself outside of the quiet hours. */
export function sendableFrom(quiet: Quiet | undefined, at: number): number {
  if (quiet === undefined || !isQuiet(quiet, at)) return at;
  const known = ends.get(quiet);
  if (known !== undefined && known.from <= at && at < known.until) return known.until;
  // Hours begin and end at whole minutes.
  let until = (Math.floor(at / MINUTE_MS) + 1) * MINUTE_MS;
  while (isQuiet(quiet, until) && until < at + MAX_DAYS * DAY_MS) until += MINUTE_MS;
  ends.set(quiet, { from: at, until });
  return until;
}

export function quietErrors(quiet: Quiet | undefined): ConfigError[] {
  if (quiet === undefined) return [];
  const errors = scheduleErrors(asSchedule(quiet)).map(({ path, message }) => ({
    path: path.replace("schedule.open", "quiet.hours").replace("schedule.", "quiet."),
    message,
  }));
  if (errors.length > 0) return errors;
  const week = 7 * DAY_MS;
  const isAlways = sendableFrom(quiet, SOME_MONDAY) >= SOME_MONDAY + week;
  return check("quiet.hours", isAlways, "cover the whole week, so that nothing could ever be sent");
}
