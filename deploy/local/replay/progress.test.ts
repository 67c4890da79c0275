import { suite } from "uvu";
import * as assert from "uvu/assert";
import { createRebuildProgress, differencesOf, type ShownProjection } from "./progress.ts";

const test = suite("progress of a replay");
const leads: ShownProjection = { name: "leads", position: "1000", rebuilt_at: null };
const audit: ShownProjection = { name: "audit", position: "1000", rebuilt_at: "2026-01-01T00:00:00.000Z" };
const at = (position: number, events_per_second = 0) => ({
  rebuilding: { position: String(position), of: "1000", events_per_second },
});

test("tells the share, the rate and the time left of all together", () => {
  const look = createRebuildProgress([leads, audit], 0);
  assert.is(look([leads, audit], 0).line, "[..............................] 0 %");
  const half = look(
    [
      { ...leads, ...at(500, 20_000) },
      { ...audit, ...at(500, 1_500) },
    ],
    10_000,
  );
  assert.equal(half, {
    isDone: false,
    line: "[###############...............] 50 %  21,500 events/s  10 s left",
  });
  const later = look(
    [
      { ...leads, ...at(1_000) },
      { ...audit, rebuilt_at: "2026-02-02T00:00:00.000Z" },
    ],
    20_000,
  );
  assert.is(later.isDone, false);
  const swapped = { ...leads, rebuilt_at: "2026-02-02T00:00:00.000Z" };
  const done = look([swapped, { ...audit, rebuilt_at: "2026-02-02T00:00:00.000Z" }], 21_000);
  assert.equal(done, { isDone: true, line: `[${"#".repeat(30)}] 100 %` });
});

test("a rebuild that goes on where it was stopped is not taken for a fast one", () => {
  const look = createRebuildProgress([leads], 0);
  look([{ ...leads, ...at(800) }], 0);
  assert.match(look([{ ...leads, ...at(900) }], 60_000).line, /1 min left/);
});

test("names the tables that differ, and no others", () => {
  const tables = [
    { table: "lead", rows: 2, rebuilt_rows: 3, equal: false },
    { table: "search", rows: 6, rebuilt_rows: 6, equal: false },
    { table: "other", rows: 1, rebuilt_rows: 1, equal: true },
  ];
  assert.equal(differencesOf({ ...leads, compared: { equal: false, tables } }), [
    "leads.lead is not what was in use until now: 2 rows before, 3 now. What the log says is served.",
    "leads.search is not what was in use until now: 6 rows, some of them others. What the log says is served.",
  ]);
  assert.equal(differencesOf(leads), []);
});

test.run();
