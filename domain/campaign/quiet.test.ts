import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { sendableFrom } from "./quiet.ts";

const test = suite("quiet hours");

const nights = {
  time_zone: "Europe/Berlin",
  hours: [{ days: ["mon", "tue", "wed", "thu", "fri", "sat", "sun"], from: "20:00", to: "08:00" }],
};
const from = (text: string): string => new Date(sendableFrom(nights, Date.parse(text))).toISOString();

test("outside of them something may be sent at once, within them when they end", () => {
  assert.is(from("2026-06-01T10:00:00.000Z"), "2026-06-01T10:00:00.000Z");
  assert.is(from("2026-06-01T18:00:00.000Z"), "2026-06-02T06:00:00.000Z");
  assert.is(from("2026-06-02T05:59:59.999Z"), "2026-06-02T06:00:00.000Z");
});

test("they go by the clocks of their time zone, also in the night in which these are set", () => {
  assert.is(from("2026-03-28T22:00:00.000Z"), "2026-03-29T06:00:00.000Z");
  assert.is(from("2026-10-24T22:00:00.000Z"), "2026-10-25T07:00:00.000Z");
});

const DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const clock = new Intl.DateTimeFormat("en-GB", {
  timeZone: "Europe/Berlin",
  weekday: "short",
  hour: "2-digit",
  minute: "2-digit",
  hourCycle: "h23",
});

/** As somebody would say who looks at a clock in Berlin. */
function isQuietInBerlin(
  at: number,
  { from, to }: { readonly from: string; readonly to: string },
  days: readonly string[],
): boolean {
  const parts = Object.fromEntries(clock.formatToParts(at).map(({ type, value }) => [type, value]));
  const today = String(parts.weekday).toLowerCase();
  const yesterday = DAYS[(DAYS.indexOf(today) + 6) % 7] as string;
  const time = `${parts.hour}:${parts.minute}`;
  if (from < to) return days.includes(today) && from <= time && time < to;
  return (days.includes(today) && from <= time) || (days.includes(yesterday) && time < to);
}

const time = fc.integer({ min: 0, max: 95 }).map((quarter) => {
  const hours = `${Math.floor(quarter / 4)}`.padStart(2, "0");
  return `${hours}:${`${(quarter % 4) * 15}`.padStart(2, "0")}`;
});
const MINUTE_MS = 60_000;
/** The nights in which clocks are set, when hours are missing or come twice, and the days around them. */
const aroundChange = fc
  .record({
    change: fc.constantFrom("2026-03-29T01:00:00Z", "2026-10-25T01:00:00Z"),
    ms: fc.integer({ min: -36 * 3_600_000, max: 36 * 3_600_000 }),
  })
  .map(({ change, ms }) => Date.parse(change) + ms);

test("end at the first minute that is none of them by the clocks of the place, whichever hours they are, when clocks are set", () => {
  const hours = fc.record({ from: time, to: time }).filter(({ from, to }) => from !== to);
  fc.assert(
    fc.property(aroundChange, hours, fc.subarray(DAYS, { minLength: 1 }), (at, window, days) => {
      const until = sendableFrom({ time_zone: "Europe/Berlin", hours: [{ days, ...window }] }, at);
      assert.not.ok(isQuietInBerlin(until, window, days), `${new Date(until).toISOString()} is quiet`);
      let minute = at;
      for (; minute < until; minute = (Math.floor(minute / MINUTE_MS) + 1) * MINUTE_MS)
        assert.ok(isQuietInBerlin(minute, window, days), `${new Date(minute).toISOString()} is not quiet`);
      assert.is(minute, until);
    }),
    { numRuns: 150 },
  );
});

test("hold in both halves past two where the hour comes twice, and in none where it is missing", () => {
  const short = { time_zone: "Europe/Berlin", hours: [{ days: ["sun"], from: "02:15", to: "02:45" }] };
  const ends = (text: string): string => new Date(sendableFrom(short, Date.parse(text))).toISOString();
  // Half past two comes twice, and is quiet both times; on the morning that has none nothing is.
  assert.is(ends("2026-10-25T00:30:00.000Z"), "2026-10-25T00:45:00.000Z");
  assert.is(ends("2026-10-25T00:50:00.000Z"), "2026-10-25T00:50:00.000Z");
  assert.is(ends("2026-10-25T01:30:00.000Z"), "2026-10-25T01:45:00.000Z");
  assert.is(ends("2026-03-29T00:59:00.000Z"), "2026-03-29T00:59:00.000Z");
  assert.is(ends("2026-03-29T01:00:00.000Z"), "2026-03-29T01:00:00.000Z");
});

test("without any nothing is quiet", () => {
  assert.is(sendableFrom(undefined, 5), 5);
});

test.run();
