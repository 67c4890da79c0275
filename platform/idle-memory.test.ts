import { suite } from "uvu";
import * as assert from "uvu/assert";
import { createIdleMemory, giveBackMemory } from "./idle-memory.ts";

const test = suite("memory of an idle process");
const MB = 1024 * 1024;

function rested(residentMb: number, afterMb: number) {
  const now = { utilization: 0, resident: residentMb * MB, times: 0 };
  const look = createIdleMemory({
    utilization: () => now.utilization,
    residentBytes: () => now.resident,
    giveBack() {
      now.times += 1;
      now.resident = afterMb * MB;
    },
  });
  return { now, look };
}

test("is given back once the process has rested", async () => {
  const { now, look } = rested(400, 100);
  await look();
  assert.is(now.times, 0, "not in a short rest within traffic");
  await look();
  assert.is(now.times, 1);
  for (let n = 0; n < 10; n += 1) await look();
  assert.is(now.times, 1, "not again while nothing has grown");
  now.resident = 300 * MB;
  await look();
  assert.is(now.times, 2);
});

test("is left alone while the process works", async () => {
  const { now, look } = rested(400, 100);
  for (const utilization of [0.5, 0, 0.5, 0, 0.9]) {
    now.utilization = utilization;
    await look();
  }
  assert.is(now.times, 0);
});

test("is given back although a few buffers among many are still in use", async () => {
  const many = Array.from({ length: 10_000 }, () => Buffer.allocUnsafeSlow(20_000).fill(1));
  const kept = many.filter((_, n) => n % 100 === 0);
  many.length = 0;
  const before = process.memoryUsage.rss();
  await giveBackMemory();
  assert.ok(before - process.memoryUsage.rss() > 120 * MB);
  assert.is(kept.length, 100);
});

test.run();
