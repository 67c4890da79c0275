// Times in words.
const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
const units: readonly (readonly [Intl.RelativeTimeFormatUnit, number])[] = [
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
  ["second", 1],
];

/** Of the calendar of whoever looks; each has a number. */
const dayOf = (at: number): number => {
  const date = new Date(at);
  return Date.UTC(date.getFullYear(), date.getMonth(), date.getDate()) / 86_400_000;
};

export function agoOf(at: number, from: number): string {
  const seconds = Math.round((at - from) / 1000);
  if (Math.abs(seconds) < 5) return "just now";
  const [unit, size] = units.find(([, size]) => Math.abs(seconds) >= size) ?? ["second", 1];
  // Tomorrow is the next day of the calendar, whatever the hour.
  if (unit === "day") return relative.format(dayOf(at) - dayOf(from), unit);
  return relative.format(Math.trunc(seconds / size), unit);
}

/** How long something took: of two moments the calendar does not matter. */
export function durationOf(ms: number): string {
  const seconds = Math.round(ms / 1000);
  const [unit, size] = units.find(([, size]) => seconds >= size) ?? ["second", 1];
  const count = Math.trunc(seconds / size);
  return `${count} ${unit}${count === 1 ? "" : "s"}`;
}
