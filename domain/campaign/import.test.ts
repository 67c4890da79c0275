import { suite } from "uvu";
import * as assert from "uvu/assert";
import { watchForCircle } from "./import.ts";

const test = suite("the pages of an import");

/** How many are followed until the circle is noticed; the first `before` pages lead into it. */
function followed(before: number, around: number): number {
  const circle = watchForCircle();
  const address = (page: number): string => `${page < before ? page : before + ((page - before) % around)}`;
  for (let page = 1; page < 10_000; page += 1) {
    if (circle.isClosedBy(address(page))) return page;
    circle.follow(address(page));
  }
  return Number.POSITIVE_INFINITY;
}

test("a circle is noticed before it was gone round many times, wherever it begins", () => {
  for (const before of [0, 1, 2, 7, 100])
    for (const around of [1, 2, 3, 10, 100])
      assert.ok(followed(before, around) <= 3 * (before + around) + 1, `${before} and ${around}`);
});

test("pages of which none comes twice are no circle", () => {
  assert.is(followed(10_000, 1), Number.POSITIVE_INFINITY);
});

test.run();
