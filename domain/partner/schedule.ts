import { z } from "zod";
import { clockChangeAfter, isTimeZone, momentsOnDay, wallTimeAt } from "./calendar.ts";
import { type ConfigError, check } from "./config-error.ts";

// When a partner takes deliveries.

const Otherwise = z.enum(["hold", "next"]).optional().meta({
  description:
    "What becomes of what can't be delivered now: it is held, or goes on in its waterfall. Unless told: on, where it can",
});

/** As a week is written; what else stands there is refused with its path. */
export const DAYS_OF_WEEK = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

export const Schedule = z.strictObject({
  time_zone: z.string().min(1),
  open: z
    .array(
      z
        .strictObject({
          days: z
            .array(z.string().meta({ examples: DAYS_OF_WEEK }))
            .min(1)
            .meta({ description: DAYS_OF_WEEK.join(", ") }),
          from: z.string().meta({ description: "Like 09:00" }),
          to: z.string().meta({ description: "Like 17:30 or 24:00; earlier than from is on the next day" }),
        })
        .meta({ title: "Window" }),
    )
    .min(1),
  otherwise: Otherwise,
});
export type Schedule = z.infer<typeof Schedule>;

const cap = z.int().nonnegative().optional();
/** Of successes, by the calendar of the schedule's time zone, else of UTC. */
export const Caps = z.strictObject({ hour: cap, day: cap, month: cap, total: cap, otherwise: Otherwise });
export type Caps = z.infer<typeof Caps>;

const DAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
const MAX_WINDOWS = 100;
const DAY_MS = 86_400_000;
/** A window in an hour that clocks pass over opens a week later. */
const DAYS_AHEAD = 15;

type Window = Schedule["open"][number];

/** Not a number where it is no time. */
function minutesOf(text: string): number {
  const [, hours, minutes] = /^([01]\d|2[0-4]):([0-5]\d)$/.exec(text) ?? [];
  const all = Number(hours) * 60 + Number(minutes);
  return all <= 24 * 60 ? all : Number.NaN;
}

const isOn = ({ days }: Window, weekday: number): boolean => days.includes(DAYS[(weekday + 7) % 7] ?? "");

export function isOpen({ time_zone, open }: Schedule, at: number): boolean {
  const { weekday, minutes } = wallTimeAt(time_zone, at);
  return open.some((window) => {
    const from = minutesOf(window.from);
    const to = minutesOf(window.to);
    const isToday = isOn(window, weekday) && from <= minutes;
    if (from < to) return isToday && minutes < to;
    // Over midnight: begun today, or yesterday.
    return isToday || (isOn(window, weekday - 1) && minutes < to);
  });
}

/** From when until when it is known to be closed. */
const closed = new WeakMap<Schedule, { readonly from: number; readonly until: number | undefined }>();

/** When it is open from `at` on: `at` itself where it is; undefined where that will not be. */
export function openFrom(schedule: Schedule, at: number): number | undefined {
  if (isOpen(schedule, at)) return at;
  const known = closed.get(schedule);
  if (known !== undefined && known.from <= at && at < (known.until ?? at)) return known.until;
  const until = nextOpening(schedule, at);
  closed.set(schedule, { from: at, until });
  return until;
}

function nextOpening(schedule: Schedule, at: number): number | undefined {
  const { time_zone, open } = schedule;
  const next: number[] = [];
  for (let days = 0; days <= DAYS_AHEAD; days += 1) {
    const openings = open.flatMap((window) => {
      const minutes = minutesOf(window.from);
      if (Number.isNaN(minutes)) return [];
      const { weekday, moments } = momentsOnDay(time_zone, at, days, minutes);
      return isOn(window, weekday) ? moments : [];
    });
    // Clocks that are set can bring it into a window, or once more into it.
    const change = clockChangeAfter(time_zone, at + days * DAY_MS);
    const moments = [...openings, ...(change === undefined ? [] : [change])];
    const isLast = next.length > 0 || days === DAYS_AHEAD;
    next.push(...moments.filter((one) => one > at && isOpen(schedule, one)));
    // A day more: what one day gives may come after what the next one gives.
    if (isLast) break;
  }
  return next.length > 0 ? Math.min(...next) : undefined;
}

export function scheduleErrors(schedule: Schedule | undefined): ConfigError[] {
  if (schedule === undefined) return [];
  const { time_zone, open } = schedule;
  return [
    ...check(
      "schedule.time_zone",
      !isTimeZone(time_zone),
      "is no time zone; use a name like Europe/Berlin, or UTC",
    ),
    ...check("schedule.open", open.length > MAX_WINDOWS, `has more than ${MAX_WINDOWS} windows`),
    ...open.flatMap((window, n) => windowErrors(window, `schedule.open.${n}`)),
  ];
}

function windowErrors({ days, from, to }: Window, path: string): ConfigError[] {
  const isWrong = (text: string): boolean => Number.isNaN(minutesOf(text));
  return [
    ...days.flatMap((day, n) =>
      check(`${path}.days.${n}`, !DAYS.includes(day), `is no day; use one of ${DAYS.join(", ")}`),
    ),
    ...check(`${path}.days`, new Set(days).size < days.length, "names a day twice"),
    ...check(`${path}.from`, isWrong(from) || from === "24:00", "is no time; use one like 09:00"),
    ...check(`${path}.to`, isWrong(to), "is no time; use one like 17:30, or 24:00"),
    ...check(`${path}.to`, from === to, "is the same as from; use 00:00 to 24:00 for the whole day"),
  ];
}
