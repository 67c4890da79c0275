// Calendar time in a time zone, daylight saving included: as much of it as caps and schedules ask for. Intl knows the zones; what it
// says is kept for a quarter of an hour, since every offset begins and ends at one.

export type Unit = "hour" | "day" | "month";

/** From `start` on, and before `end`, in milliseconds. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** All offsets of time zones are multiples of it, so every calendar hour, day and month is made of whole ones. */
export const QUARTER_MS = 900_000;
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

export function isTimeZone(name: string): boolean {
  try {
    formatOf(name);
    return true;
  } catch {
    return false;
  }
}

const formatOf = (timeZone: string): Intl.DateTimeFormat =>
  new Intl.DateTimeFormat("en-US", {
    timeZone,
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
  });

interface Zone {
  readonly format: Intl.DateTimeFormat;
  quarter: number;
  offset: number;
  /** The calendar units that were asked for last. */
  readonly spans: Partial<Record<Unit, Span>>;
}

const zones = new Map<string, Zone>();

/** One that there is not is UTC: the API refuses it, and what was stored before must stop nobody. */
function zoneOf(name: string): Zone {
  const known = zones.get(name);
  if (known !== undefined) return known;
  const format = formatOf(isTimeZone(name) ? name : "UTC");
  const zone: Zone = { format, quarter: Number.NaN, offset: 0, spans: {} };
  zones.set(name, zone);
  return zone;
}

function offsetAt(zone: Zone, at: number): number {
  const quarter = Math.floor(at / QUARTER_MS);
  if (zone.quarter === quarter) return zone.offset;
  const parts: Partial<Record<Intl.DateTimeFormatPartTypes, number>> = {};
  const begin = quarter * QUARTER_MS;
  for (const { type, value } of zone.format.formatToParts(begin)) parts[type] = Number(value);
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
  zone.quarter = quarter;
  zone.offset = Date.UTC(year, month - 1, day, hour, minute, second) - begin;
  return zone.offset;
}

/** When clocks there show this: once, twice in autumn, or never where they pass over it. */
function momentsOf(zone: Zone, shown: number): number[] {
  const offsets = new Set([offsetAt(zone, shown - DAY_MS), offsetAt(zone, shown + DAY_MS)]);
  return [...offsets].map((offset) => shown - offset).filter((at) => at + offsetAt(zone, at) === shown);
}

/** The first of these moments; where there is none, the one at which clocks would have shown it. */
function firstMomentOf(zone: Zone, shown: number): number {
  const moments = momentsOf(zone, shown);
  return moments.length > 0 ? Math.min(...moments) : shown - offsetAt(zone, shown - DAY_MS);
}

/** The calendar hour, day or month that it is then and there. */
export function spanAround(timeZone: string, unit: Unit, at: number): Span {
  const zone = zoneOf(timeZone);
  const known = zone.spans[unit];
  if (known !== undefined && known.start <= at && at < known.end) return known;
  const span = computed(zone, unit, at);
  zone.spans[unit] = span;
  return span;
}

function computed(zone: Zone, unit: Unit, at: number): Span {
  const shown = at + offsetAt(zone, at);
  if (unit === "hour") {
    const start = at - (shown - Math.floor(shown / HOUR_MS) * HOUR_MS);
    return { start, end: start + HOUR_MS };
  }
  if (unit === "day") {
    const midnight = Math.floor(shown / DAY_MS) * DAY_MS;
    return { start: firstMomentOf(zone, midnight), end: firstMomentOf(zone, midnight + DAY_MS) };
  }
  const date = new Date(shown);
  const first = (months: number): number =>
    firstMomentOf(zone, Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + months, 1));
  return { start: first(0), end: first(1) };
}

/** What the clock and the calendar on the wall show. */
export interface WallTime {
  /** 0 is Sunday. */
  readonly weekday: number;
  /** Since midnight. */
  readonly minutes: number;
}

export function wallTimeAt(timeZone: string, at: number): WallTime {
  const shown = at + offsetAt(zoneOf(timeZone), at);
  const minutes = Math.floor((shown - Math.floor(shown / DAY_MS) * DAY_MS) / MINUTE_MS);
  return { weekday: new Date(shown).getUTCDay(), minutes };
}

/** So many days after the one that it is then and there, at so many minutes after midnight: see momentsOf. */
export function momentsOnDay(
  timeZone: string,
  at: number,
  days: number,
  minutes: number,
): { readonly moments: readonly number[]; readonly weekday: number } {
  const zone = zoneOf(timeZone);
  const midnight = Math.floor((at + offsetAt(zone, at)) / DAY_MS + days) * DAY_MS;
  const weekday = new Date(midnight).getUTCDay();
  return { moments: momentsOf(zone, midnight + minutes * MINUTE_MS), weekday };
}

/** When clocks there are set within the day after `at`; undefined where they are not. */
export function clockChangeAfter(timeZone: string, at: number): number | undefined {
  const zone = zoneOf(timeZone);
  let before = Math.floor(at / QUARTER_MS);
  let after = before + DAY_MS / QUARTER_MS;
  const offset = offsetAt(zone, at);
  if (offsetAt(zone, after * QUARTER_MS) === offset) return undefined;
  while (after - before > 1) {
    const middle = Math.floor((before + after) / 2);
    if (offsetAt(zone, middle * QUARTER_MS) === offset) before = middle;
    else after = middle;
  }
  return after * QUARTER_MS;
}
