import { suite } from "uvu";
import * as assert from "uvu/assert";
import { createAdmission, type Pass } from "./admission.ts";

const test = suite("admission");

/** Takes in as many as there is room for. */
function fill(admission: ReturnType<typeof createAdmission>): Pass[] {
  const passes: Pass[] = [];
  for (let pass = admission.enter(1); pass !== undefined; pass = admission.enter(1)) passes.push(pass);
  return passes;
}

test("a quick store gets a little more with each round, up to a bound", () => {
  const admission = createAdmission(() => 0);
  const before = admission.room;
  for (const pass of fill(admission)) pass.confirmed(5);
  assert.ok(admission.room > before && admission.room < before + 10, `${before} and then ${admission.room}`);
  for (let round = 0; round < 200; round += 1) for (const pass of fill(admission)) pass.confirmed(5);
  assert.is(admission.room, 1024);
  assert.is(admission.waiting, 0);
});

test("room that nobody needs does not grow", () => {
  const admission = createAdmission(() => 0);
  const before = admission.room;
  for (let at = 0; at < 1000; at += 1) admission.enter(1)?.confirmed(5);
  assert.is(admission.room, before);
});

test("a slow store gets less, once for what was slow together, and never too little", () => {
  let now = 0;
  const admission = createAdmission(() => now);
  const before = admission.room;
  for (const pass of fill(admission)) pass.confirmed(200);
  assert.is(admission.room, Math.floor(before * 0.8));
  for (let round = 0; round < 50; round += 1) {
    now += 1_000;
    for (const pass of fill(admission)) pass.confirmed(200);
  }
  assert.is(admission.room, 128);
});

test("a store that fails gets a few to try itself on, and its room back as soon as it confirms", () => {
  const admission = createAdmission(() => 0);
  for (const pass of fill(admission)) pass.failed();
  assert.is(fill(admission).length, 16);
  const again = createAdmission(() => 0);
  again.enter(1)?.failed();
  for (let round = 0; round < 6; round += 1) for (const pass of fill(again)) pass.confirmed(300);
  assert.ok(again.room >= 100, `${again.room}`);
});

test("who is turned away waits a while to hear it", async () => {
  const admission = createAdmission();
  assert.is(admission.isFull, false);
  fill(admission);
  assert.is(admission.isFull, true);
  const began = performance.now();
  await admission.holdBack();
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
