import { suite } from "uvu";
import * as assert from "uvu/assert";
import { merge } from "./merge.ts";

const test = suite("merging what two people changed");

const base = { name: "Edu", delivery: { type: "http", url: "http://a/", timeout_ms: 1 }, caps: { day: 5 } };

test("what each changed alone is kept", () => {
  const mine = { ...base, delivery: { ...base.delivery, timeout_ms: 2 } };
  const theirs = { ...base, name: "Education", delivery: { ...base.delivery, url: "http://b/" } };
  assert.equal(merge(base, mine, theirs), {
    value: {
      name: "Education",
      delivery: { type: "http", url: "http://b/", timeout_ms: 2 },
      caps: { day: 5 },
    },
    both: [],
  });
});

test("what both changed is mine, and named", () => {
  const { value, both } = merge(base, { ...base, caps: { day: 7 } }, { ...base, caps: { day: 9, hour: 1 } });
  assert.equal([value, both], [{ ...base, caps: { day: 7, hour: 1 } }, ["caps.day"]]);
});

test("what both changed to the same is no conflict", () => {
  assert.equal(merge(base, { ...base, name: "E" }, { ...base, name: "E" }), {
    value: { ...base, name: "E" },
    both: [],
  });
});

test("what I took away stays away, and what they took away too", () => {
  const { caps: _, ...withoutCaps } = base;
  assert.equal(merge(base, withoutCaps, { ...base, name: "E" }).value, { ...withoutCaps, name: "E" });
  assert.equal(merge(base, { ...base, name: "E" }, withoutCaps).value, { ...withoutCaps, name: "E" });
});

test("another channel is not mixed with the one before", () => {
  const slack = { type: "slack", webhook_url: "https://hooks.example/" };
  const mine = { ...base, delivery: { ...base.delivery, url: "http://b/" } };
  assert.equal(merge(base, mine, { ...base, delivery: slack }), { value: mine, both: ["delivery"] });
  assert.equal(merge(base, { ...base, delivery: slack }, mine).value, { ...base, delivery: slack });
});

test("the order of fields is no change", () => {
  const turned = { caps: { day: 5 }, delivery: base.delivery, name: "Edu" };
  assert.equal(merge(base, turned, { ...base, name: "E" }), { value: { ...base, name: "E" }, both: [] });
});

test.run();
