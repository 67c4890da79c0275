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

test("without any nothing is quiet", () => {
  assert.is(sendableFrom(undefined, 5), 5);
});

test.run();
