import { suite } from "uvu";
import * as assert from "uvu/assert";
import { demoLeads } from "./leads.ts";
import { isLost, reportOf } from "./report.ts";

const test = suite("The demo's report");

test("counts outcomes by partner, with the median and the longest time", () => {
  const report = reportOf([
    { status: "delivered", partner: "edu", totalMs: 10 },
    { status: "delivered", partner: "edu", totalMs: 30 },
    { status: "dead_lettered", partner: "edu", totalMs: 2_000 },
    { status: "rejected", partner: "fin", totalMs: 5 },
    { status: undefined },
  ]);
  const cells = report.split("\n").map((line) => line.trim().split(/ {2,}/));
  assert.equal(cells[0], [
    "partner",
    "delivered",
    "duplicate",
    "rejected",
    "dead-lettered",
    "unrouted",
    "held",
    "not ended",
    "median",
    "max",
  ]);
  assert.equal(cells.slice(2), [
    ["(none)", "0", "0", "0", "0", "0", "0", "1", "–", "–"],
    ["edu", "2", "0", "0", "1", "0", "0", "0", "30 ms", "2000 ms"],
    ["fin", "0", "0", "1", "0", "0", "0", "0", "5 ms", "5 ms"],
    ["all", "2", "0", "1", "1", "0", "0", "1", "10 ms", "2000 ms"],
  ]);
});

test("calls lost what neither ended nor waits in sight", () => {
  for (const status of ["delivered", "duplicate", "rejected", "unrouted", "dead_lettered", "held"])
    assert.not.ok(isLost({ status }));
  for (const status of [undefined, "accepted", "received", "queued", "retrying"])
    assert.ok(isLost({ status }));
});

test("is about a hundred different people, others in each run", () => {
  const [one, other] = [demoLeads("a", 100), demoLeads("b", 100)];
  assert.is(new Set([...one, ...other].map(({ key }) => key)).size, 200);
  assert.is(
    new Set([...one, ...other].map(({ body }) => (JSON.parse(body) as { email: string }).email)).size,
    200,
  );
});

test.run();
