import { setImmediate as nextTurn } from "node:timers/promises";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { createSlots } from "./slots.ts";

const test = suite("slots");

test("who is in line need not wait for the end of a call when more calls are allowed", async () => {
  let limit = 1;
  const slots = createSlots(() => limit);
  const begun: number[] = [];
  for (const call of [1, 2, 3]) void slots.take().then(() => begun.push(call));
  await nextTurn();
  assert.equal(begun, [1]);
  limit = 2;
  slots.review();
  await nextTurn();
  assert.equal(begun, [1, 2]);
});

test("a lower limit lets nobody begin until enough calls have ended", async () => {
  let limit = 2;
  const slots = createSlots(() => limit);
  const ends = await Promise.all([slots.take(), slots.take()]);
  limit = 1;
  const third = slots.take().then(() => "begun");
  const first = async (): Promise<string> => Promise.race([third, nextTurn("waits")]);
  ends[0]?.();
  assert.is(await first(), "waits");
  ends[1]?.();
  assert.is(await first(), "begun");
});

test.run();
