import { suite } from "uvu";
import * as assert from "uvu/assert";
import { isWellFormed, wellFormed, wellFormedJson } from "./well-formed.ts";

const test = suite("text from outside");

test("has no NUL and no half of a surrogate pair, in whatever order they come", () => {
  assert.is(wellFormed("a\u0000b"), "a\ufffdb");
  assert.is(wellFormed("\ud83d!\ude00"), "\ufffd!\ufffd");
  assert.is(wellFormed("fine \ud83d\ude00\t\n"), "fine \ud83d\ude00\t\n");
});

test("is cut by characters, so that none is halved", () => {
  assert.is(wellFormed("x\ud83d\ude00\ud83d\ude00", 2), "x\ud83d\ude00");
  assert.is(wellFormed(`${"x".repeat(199)}\ud83d\ude00`, 200), `${"x".repeat(199)}\ud83d\ude00`);
  assert.is(wellFormed("\ud800".repeat(5), 3), "\ufffd".repeat(3));
  assert.is(wellFormed("abc", 3), "abc");
  assert.is(wellFormed("abc", 0), "");
});

test("says of itself whether it has to be changed", () => {
  for (const text of ["", "plain", "\ud83d\ude00"]) assert.ok(isWellFormed(text));
  for (const text of ["\u0000", "\ud83d", "\ude00\ud83d"]) assert.not.ok(isWellFormed(text));
});

test("is cleaned wherever it stands in what was parsed", () => {
  const value = { "a\u0000": ["\ud800", 1, null, { b: "\u0000" }], fine: true };
  assert.equal(wellFormedJson(value), { "a\ufffd": ["\ufffd", 1, null, { b: "\ufffd" }], fine: true });
});

test.run();
