import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { StatsItem } from "../api/queries.ts";
import { statsFilter } from "./filter.ts";
import { bucketsOf, countsByKey, outcomesOf, quantileByKey } from "./series.ts";

const test = suite("series of statistics");

const HOUR_MS = 3_600_000;
const START = Date.parse("2026-03-01T00:00:00Z");
const at = bucketsOf({ from: START, to: START + 3 * HOUR_MS, bucket: "hour" });

const item = (hour: number, key: string | null, counts: Partial<StatsItem>): StatsItem => ({
  at: new Date(START + hour * HOUR_MS).toISOString(),
  key,
  received: 0,
  delivered: 0,
  rejected: 0,
  duplicate: 0,
  unrouted: 0,
  dead_lettered: 0,
  returned: 0,
  revenue: 0,
  p50_ms: null,
  p99_ms: null,
  ...counts,
});

test("an hour without leads is zero, not missing", () => {
  const { lines } = countsByKey(
    [item(0, "edu", { received: 2 }), item(2, "edu", { received: 3 })],
    at,
    "received",
  );
  assert.equal(lines, [{ name: "edu", values: [2, 0, 3] }]);
});

test("the keys with the fewest leads are one line, which loses none of them", () => {
  const items = Array.from({ length: 10 }, (_, n) => item(1, `p${n}`, { received: 10 - n }));
  const { lines } = countsByKey(items, at, "received");
  assert.is(lines.length, 7);
  assert.is(lines.at(-1)?.name, "all others");
  const sum = lines.reduce((all, { values }) => all + Number(values[1]), 0);
  assert.is(sum, 55);
});

test("leads without a key are shown as none", () => {
  const { lines } = countsByKey([item(0, null, { received: 1 })], at, "received");
  assert.equal(lines, [{ name: "none", values: [1, 0, 0] }]);
});

test("outcomes that never were have no line", () => {
  const { lines } = outcomesOf([item(0, "edu", { received: 2, delivered: 2 })], at);
  assert.equal(
    lines.map(({ name }) => name),
    ["delivered"],
  );
});

test("an hour in which nothing ended has no quantile", () => {
  const { lines } = quantileByKey([item(1, "edu", { received: 1, p99_ms: 40 })], at, "p99_ms");
  assert.equal(lines, [{ name: "edu", values: [null, 40, null] }]);
});

test("what is no filter in the address is read as if it were not there", () => {
  const get = (name: string): string => ({ period: "eon", bucket: "week", by: "colour" })[name] ?? "";
  const filter = statsFilter({ get }, START);
  assert.is(filter.period, "day");
  assert.is(filter.by, "partner");
  assert.is(filter.to - filter.from, 24 * HOUR_MS);
});

test("a moment in the address takes the place of the period", () => {
  const get = (name: string): string => (name === "from" ? "2026-02-28T12:00" : "");
  assert.is(statsFilter({ get }, START).period, "");
});

test.run();
