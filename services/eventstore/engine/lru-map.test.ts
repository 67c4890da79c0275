import { suite } from "uvu";
import * as assert from "uvu/assert";
import { LruMap } from "./lru-map.ts";

const test = suite("LRU map");

test("remembers what is used and forgets the rest", () => {
  const cache = new LruMap<number, string>(20);
  cache.set(0, "used");
  for (let key = 1; key <= 1_000; key++) {
    cache.set(key, "unused");
    assert.is(cache.get(0), "used");
  }
  assert.is(cache.get(1_000), "unused");
  assert.is(cache.get(500), undefined);
});

test.run();
