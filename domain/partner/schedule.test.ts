import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { spanAround, type Unit } from "./calendar.ts";
import { isOpen, openFrom, type Schedule, scheduleErrors } from "./schedule.ts";

const at = (text: string): number => Date.parse(text);
const shown = (ms: number | undefined): string | undefined =>
  ms === undefined ? undefined : new Date(ms).toISOString();
const span = (zone: string, unit: Unit, when: string): (string | undefined)[] => {
  const { start, end } = spanAround(zone, unit, at(when));
  return [shown(start), shown(end)];
};
const office: Schedule = {
  time_zone: "Europe/Berlin",
  open: [{ days: ["mon", "tue", "wed", "thu", "fri"], from: "09:00", to: "17:30" }],
};
const only = (time_zone: string, days: string[], from: string, to: string): Schedule => ({
  time_zone,
  open: [{ days, from, to }],
});

const test = suite("calendar and schedule");

test("a day has 23 or 25 hours where clocks are set", () => {
  assert.equal(span("Europe/Berlin", "day", "2026-03-29T10:00Z"), [
    "2026-03-28T23:00:00.000Z",
    "2026-03-29T22:00:00.000Z",
  ]);
  assert.equal(span("Europe/Berlin", "day", "2026-10-25T00:30Z"), [
    "2026-10-24T22:00:00.000Z",
    "2026-10-25T23:00:00.000Z",
  ]);
});

test("a day begins when clocks pass over its midnight, and once where midnight comes twice", () => {
  // Beirut goes from 00:00 to 01:00, Havana from 01:00 back to 00:00.
  assert.equal(span("Asia/Beirut", "day", "2026-03-29T10:00Z"), [
    "2026-03-28T22:00:00.000Z",
    "2026-03-29T21:00:00.000Z",
  ]);
  assert.equal(span("America/Havana", "day", "2026-11-01T12:00Z"), [
    "2026-11-01T04:00:00.000Z",
    "2026-11-02T05:00:00.000Z",
  ]);
});

test("hours and months follow the zone, also where it is off by three quarters of an hour", () => {
  assert.equal(span("Asia/Kathmandu", "hour", "2026-05-01T10:20Z"), [
    "2026-05-01T10:15:00.000Z",
    "2026-05-01T11:15:00.000Z",
  ]);
  assert.equal(span("Europe/Berlin", "month", "2026-03-31T22:30Z"), [
    "2026-03-31T22:00:00.000Z",
    "2026-04-30T22:00:00.000Z",
  ]);
  assert.equal(span("UTC", "month", "2026-12-31T23:59:59Z"), [
    "2026-12-01T00:00:00.000Z",
    "2027-01-01T00:00:00.000Z",
  ]);
});

test("hours, days and months have no gap and no overlap, anywhere and at any time", () => {
  const zones = [
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Asia/Beirut",
    "America/Havana",
    "Asia/Kathmandu",
  ];
  const moment = fc.integer({ min: at("2025-01-01T00:00Z"), max: at("2028-01-01T00:00Z") });
  fc.assert(
    fc.property(
      fc.constantFrom(...zones),
      fc.constantFrom<Unit>("hour", "day", "month"),
      moment,
      (zone, unit, now) => {
        const { start, end } = spanAround(zone, unit, now);
        assert.ok(start <= now && now < end, `${zone} ${unit} ${shown(now)}`);
        assert.is(spanAround(zone, unit, end).start, end);
        assert.is(spanAround(zone, unit, start - 1).end, start);
      },
    ),
    { numRuns: 2_000 },
  );
});

test("open in its hours by its own clock, summer and winter", () => {
  for (const [when, open] of [
    ["2026-01-05T07:59Z", false],
    ["2026-01-05T08:00Z", true],
    ["2026-07-06T07:00Z", true],
    ["2026-07-06T15:29Z", true],
    ["2026-07-06T15:30Z", false],
    ["2026-07-04T10:00Z", false],
  ] as const)
    assert.is(isOpen(office, at(when)), open, when);
});

test("a window over midnight belongs to the day on which it begins", () => {
  const night = only("UTC", ["fri"], "22:00", "02:00");
  assert.is(isOpen(night, at("2026-01-09T23:00Z")), true);
  assert.is(isOpen(night, at("2026-01-10T01:59Z")), true);
  assert.is(isOpen(night, at("2026-01-10T02:00Z")), false);
  assert.is(isOpen(night, at("2026-01-09T01:00Z")), false);
});

test("opens at its next window: after a weekend, after the summer time has come, or at once", () => {
  assert.is(shown(openFrom(office, at("2026-03-27T17:00Z"))), "2026-03-30T07:00:00.000Z");
  assert.is(shown(openFrom(office, at("2026-01-05T08:30Z"))), "2026-01-05T08:30:00.000Z");
  const always = only("UTC", ["mon", "tue", "wed", "thu", "fri", "sat", "sun"], "00:00", "24:00");
  assert.is(isOpen(always, at("2026-01-05T23:59:59Z")), true);
});

test("what lies in an hour that clocks pass over opens a week later", () => {
  const sunday = only("Europe/Berlin", ["sun"], "02:10", "02:50");
  assert.is(shown(openFrom(sunday, at("2026-03-28T12:00Z"))), "2026-04-05T00:10:00.000Z");
});

test("wherever it opens it is open, and it was not before", () => {
  const time = fc
    .tuple(fc.integer({ min: 0, max: 23 }), fc.constantFrom(0, 15, 30, 45))
    .map(([hours, minutes]) => `${String(hours).padStart(2, "0")}:${String(minutes).padStart(2, "0")}`);
  const schedule = fc
    .record({
      zone: fc.constantFrom("UTC", "Europe/Berlin", "America/New_York", "Asia/Beirut"),
      days: fc.uniqueArray(fc.constantFrom("mon", "tue", "wed", "thu", "fri", "sat", "sun"), {
        minLength: 1,
      }),
      from: time,
      to: time,
    })
    .filter(({ from, to }) => from !== to)
    .map(({ zone, days, from, to }) => only(zone, days, from, to));
  const moment = fc.integer({ min: at("2026-01-01T00:00Z"), max: at("2027-01-01T00:00Z") });
  fc.assert(
    fc.property(schedule, moment, (given, now) => {
      const opening = openFrom(given, now);
      assert.ok(opening !== undefined && opening >= now && isOpen(given, opening));
      for (let before = now; before < opening; before += 900_000)
        assert.not(isOpen(given, before), shown(before));
    }),
    { numRuns: 500 },
  );
});

test("says what is wrong and where", () => {
  const wrong: Schedule = {
    time_zone: "Europe/Atlantis",
    open: [
      { days: ["mon", "someday"], from: "09:00", to: "09:00" },
      { days: ["tue", "tue"], from: "9", to: "25:00" },
    ],
  };
  assert.equal(
    scheduleErrors(wrong).map(({ path }) => path),
    [
      "schedule.time_zone",
      "schedule.open.0.days.1",
      "schedule.open.0.to",
      "schedule.open.1.days",
      "schedule.open.1.from",
      "schedule.open.1.to",
    ],
  );
  assert.equal(scheduleErrors(office), []);
});

test("a zone that there is not is UTC, and a time that is none never opens", () => {
  const odd = only("Europe/Atlantis", ["mon"], "what", "ever");
  assert.is(openFrom(odd, at("2026-01-05T08:30Z")), undefined);
  assert.equal(
    span("Europe/Atlantis", "hour", "2026-05-01T10:20Z"),
    span("UTC", "hour", "2026-05-01T10:20Z"),
  );
});

test.run();
