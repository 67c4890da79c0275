import { suite } from "uvu";
import * as assert from "uvu/assert";
import { tokenBucket } from "./token-bucket.ts";

const buckets = suite("token bucket");

buckets("holds one second's worth, and fills continuously", () => {
  let now = 0;
  const bucket = tokenBucket(10, () => now);
  assert.is(bucket.take(25), 10);
  assert.is(bucket.take(1), 0);
  assert.is(bucket.waitMs(), 100);
  now = 250;
  assert.is(bucket.take(5), 2);
  now = 60_000;
  assert.is(bucket.take(25), 10);
});

buckets("gives one at a time where less than one a second is allowed", () => {
  let now = 0;
  const bucket = tokenBucket(0.5, () => now);
  assert.is(bucket.take(3), 1);
  assert.is(bucket.waitMs(), 2_000);
  now = 2_000;
  assert.is(bucket.take(3), 1);
});

buckets("takes back what was not used, but never holds more than it can", () => {
  const bucket = tokenBucket(4, () => 0);
  assert.is(bucket.take(4), 4);
  bucket.giveBack(2);
  assert.is(bucket.take(4), 2);
  bucket.giveBack(100);
  assert.is(bucket.take(100), 4);
});

buckets("is not emptied by a clock that goes back", () => {
  let now = 1_000;
  const bucket = tokenBucket(2, () => now);
  assert.is(bucket.take(2), 2);
  now = 0;
  assert.is(bucket.take(1), 0);
  now = 500;
  assert.is(bucket.take(1), 1);
});

buckets.run();
