import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { deterministicUuid } from "./ids.ts";

const ids = suite("ids");

ids("the same parts give the same id, for ever", () => {
  assert.is(deterministicUuid("source", "key-1"), "e31a15b4-7267-808a-8f46-04b6929bb7e7");
});

ids("are UUIDs of version 8", () => {
  fc.assert(
    fc.property(fc.array(fc.string()), (parts) => {
      assert.match(
        deterministicUuid(...parts),
        /^[\da-f]{8}-[\da-f]{4}-8[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/,
      );
    }),
  );
});

ids("differ when the same characters are cut otherwise", () => {
  fc.assert(
    fc.property(fc.array(fc.string()), fc.array(fc.string()), (one, other) => {
      const same = JSON.stringify(one) === JSON.stringify(other);
      assert.is(deterministicUuid(...one) === deterministicUuid(...other), same);
    }),
  );
  assert.is.not(deterministicUuid("ab", "c"), deterministicUuid("a", "bc"));
  assert.is.not(deterministicUuid("1:a"), deterministicUuid("a"));
});

ids.run();
