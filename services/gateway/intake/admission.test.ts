import { suite } from "uvu";
import * as assert from "uvu/assert";
import { createAdmission, type Slot } from "./admission.ts";

const test = suite("admission");

/** Takes in as many as there is room for. */
function fill(admission: ReturnType<typeof createAdmission>): Slot[] {
  const taken: Slot[] = [];
  for (let slot = admission.enter(1); slot !== undefined; slot = admission.enter(1)) taken.push(slot);
  return taken;
}

test("a quick store gets a little more with each round, up to a bound", () => {
  const admission = createAdmission(() => 0);
  const before = admission.slots;
  for (const slot of fill(admission)) slot.confirmed(5);
  assert.ok(
    admission.slots > before && admission.slots < before + 10,
    `${before} and then ${admission.slots}`,
  );
  for (let round = 0; round < 200; round += 1) for (const slot of fill(admission)) slot.confirmed(5);
  assert.is(admission.slots, 1024);
  assert.is(admission.slotsInUse, 0);
});

test("room that nobody needs does not grow", () => {
  const admission = createAdmission(() => 0);
  const before = admission.slots;
  for (let at = 0; at < 1000; at += 1) admission.enter(1)?.confirmed(5);
  assert.is(admission.slots, before);
});

test("a slow store gets less, once for what was slow together, and never too little", () => {
  let now = 0;
  const admission = createAdmission(() => now);
  const before = admission.slots;
  for (const slot of fill(admission)) slot.confirmed(200);
  assert.is(admission.slots, Math.floor(before * 0.8));
  for (let round = 0; round < 50; round += 1) {
    now += 1_000;
    for (const slot of fill(admission)) slot.confirmed(200);
  }
  assert.is(admission.slots, 128);
});

test("a store that fails gets a few to try itself on, and its room back as soon as it confirms", () => {
  const admission = createAdmission(() => 0);
  for (const slot of fill(admission)) slot.failed();
  assert.is(fill(admission).length, 16);
  const again = createAdmission(() => 0);
  again.enter(1)?.failed();
  for (let round = 0; round < 6; round += 1) for (const slot of fill(again)) slot.confirmed(300);
  assert.ok(again.slots >= 100, `${again.slots}`);
});

test("who is turned away waits a while to hear it", async () => {
  const admission = createAdmission();
  fill(admission);
  const began = performance.now();
  await admission.delayRefusal();
  assert.ok(performance.now() - began > 300);
});

test("what waits is bounded in bytes, too", () => {
  const admission = createAdmission(() => 0);
  const half = 32 * 1024 * 1024;
  assert.ok(admission.enter(half));
  assert.ok(admission.enter(half));
  assert.is(admission.enter(1), undefined);
});

test.run();
