import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { packed, percentilesOf, stepOf, unpacked } from "./latency.ts";

const test = suite("latencies by step");

const histogram = fc
  .array(fc.tuple(fc.nat(700), fc.integer({ min: 1, max: 2_000_000_000 })), { maxLength: 40 })
  .map((pairs) => new Map(pairs));

test("what is packed is unpacked the same, and equal counts are equal bytes", () => {
  fc.assert(
    fc.property(histogram, (steps) => {
      const bytes = packed(steps);
      const inOrder = [...steps].sort(([a], [b]) => a - b);
      assert.equal([...unpacked(bytes)], inOrder);
      assert.equal(packed(new Map(inOrder.toReversed())), bytes);
    }),
  );
});

test("percentiles are those of the times themselves, at most 2 % off", () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 100_000_000 }), { minLength: 1, maxLength: 300 }),
      (all) => {
        const steps = new Map<number, number>();
        for (const ms of all) steps.set(stepOf(ms), (steps.get(stepOf(ms)) ?? 0) + 1);
        const sorted = all.toSorted((a, b) => a - b);
        const found = percentilesOf(packed(steps), [50, 99, 100]);
        for (const [n, percent] of [50, 99, 100].entries()) {
          const measured = sorted[Math.ceil((sorted.length * percent) / 100) - 1] ?? Number.NaN;
          assert.ok(
            Math.abs((found[n] ?? 0) - measured) <= measured * 0.0205,
            `${found[n]} is near ${measured}`,
          );
        }
      },
    ),
  );
});

test("nothing has no percentile", () => {
  assert.equal(percentilesOf(packed(new Map()), [50, 99]), [null, null]);
});

test.run();
