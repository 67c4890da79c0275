import { suite } from "uvu";
import * as assert from "uvu/assert";
import { shrink } from "./shrink.ts";

const test = suite("shrinking a schedule");

test("finds the fewest that do it", async () => {
  const happens = async (some: readonly number[]) => some.includes(3) && some.includes(5);
  assert.equal(await shrink([1, 2, 3, 4, 5, 6], happens), [3, 5]);
});

test("tries all of them twice before it gives up", async () => {
  let tries = 0;
  const never = async () => {
    tries += 1;
    return false;
  };
  assert.is(await shrink([1, 2], never), undefined);
  assert.is(tries, 2);
});

test("ends after so many tries, with what still does it", async () => {
  let tries = 0;
  const always = async () => {
    tries += 1;
    return true;
  };
  assert.equal(await shrink([1, 2, 3, 4, 5], always, 2), [3, 4, 5]);
  assert.is(tries, 3);
});

test.run();
