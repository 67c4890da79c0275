import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type Cost, capacityAt } from "./capacity.ts";

const test = suite("Capacity");

const costs: readonly Cost[] = [
  { name: "gateway", cpuPer1000: 0.25 },
  { name: "identity", cpuPer1000: 0.2, perSecondAlone: 4_000 },
  { name: "projections", cpuPer1000: 0.5, perSecondAlone: 2_000 },
];

test("a small rate takes one cell and one core", () => {
  const { cells, perCell, allCores, bound } = capacityAt(4, costs);
  assert.equal(
    { cells, perCell, allCores, bound },
    { cells: 1, perCell: 4, allCores: 1, bound: "projections" },
  );
});

test("cores are the rate times what a submission costs, and room for peaks", () => {
  const { cores, allCores, cells } = capacityAt(1_000, costs, 0.5);
  assert.equal(cores, { gateway: 0.25, identity: 0.2, projections: 0.5 });
  assert.is(cells, 1);
  // 0.95 busy cores at half of what they could do.
  assert.is(allCores, 2);
});

test("the slowest of those that work alone bounds a cell, and more cells carry the rest", () => {
  const { cells, perCell, usedOfCell, cores, allCores } = capacityAt(10_000, costs, 0.5);
  // 2,000 a second, of which half is planned for.
  assert.is(cells, 10);
  assert.is(perCell, 1_000);
  assert.is(usedOfCell, 0.5);
  assert.equal(cores, { gateway: 0.25, identity: 0.2, projections: 0.5 });
  assert.is(allCores, 19);
  assert.is(capacityAt(10_001, costs, 0.5).cells, 11);
});

test("where everything scales, one cell carries any rate", () => {
  const { cells, bound } = capacityAt(50_000, [{ name: "gateway", cpuPer1000: 0.25 }]);
  assert.equal({ cells, bound }, { cells: 1, bound: "nothing" });
});

test.run();
