import { suite } from "uvu";
import * as assert from "uvu/assert";
import { createIdleMemory } from "./idle-memory.ts";

const test = suite("memory of an idle process");
const MB = 1024 * 1024;

function process(heapMb: number, afterMb: number) {
  const now = { utilization: 0, heap: heapMb * MB, collections: 0 };
  const look = createIdleMemory({
    utilization: () => now.utilization,
    heapBytes: () => now.heap,
    collect() {
      now.collections += 1;
      now.heap = afterMb * MB;
    },
  });
  return { now, look };
}

test("is given back once the process has rested", () => {
  const { now, look } = process(400, 100);
  look();
  assert.is(now.collections, 0, "not in a short rest within traffic");
  look();
  assert.is(now.collections, 1);
  for (let n = 0; n < 10; n += 1) look();
  assert.is(now.collections, 1, "not again while nothing has grown");
  now.heap = 300 * MB;
  look();
  assert.is(now.collections, 2);
});

test("is left alone while the process works", () => {
  const { now, look } = process(400, 100);
  for (const utilization of [0.5, 0, 0.5, 0, 0.9]) {
    now.utilization = utilization;
    look();
  }
  assert.is(now.collections, 0);
});

test.run();
