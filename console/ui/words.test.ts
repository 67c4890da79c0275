import * as assert from "node:assert/strict";
import { suite } from "uvu";
import { worded } from "./words.ts";

const test = suite("names as people read them");

test("a name of ours is words", () => {
  assert.equal(worded("http_503"), "http 503");
  assert.equal(worded("retries_exhausted"), "retries exhausted");
});

test("what a partner has written stays as it is", () => {
  assert.equal(worded("Field user_id is missing"), "Field user_id is missing");
});

test.run();
