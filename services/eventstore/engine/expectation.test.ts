import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Expected } from "./event-log.ts";
import { judge } from "./expectation.ts";
import { newStream, type StreamHead } from "./stream-head.ts";

const ANY: Expected = { kind: "any" };
const NO_STREAM: Expected = { kind: "no_stream" };
const EXISTS: Expected = { kind: "stream_exists" };
const at = (revision: bigint): Expected => ({ kind: "revision", revision });

/** A stream that holds a, b and c at the revisions 0, 1 and 2. */
const abc: StreamHead = { ...newStream("letters"), number: 1, last: 2 };
const none = newStream("letters");
const deleted: StreamHead = { ...abc, life: "deleted" };
const tombstoned: StreamHead = { ...abc, life: "tombstoned" };

function judged(head: StreamHead, expected: Expected, ids: string, hasMetadata = false): unknown {
  const written = head.number === 0 ? [] : ["a", "b", "c"];
  const verdict = judge(head, expected, [...ids], {
    revisionOf: (id) => (written.includes(id) ? written.indexOf(id) : undefined),
    idAt: (revision) => written[revision],
    hasMetadata: () => hasMetadata,
  });
  return verdict.verdict === "already_written" ? verdict.revision : verdict.verdict;
}

const test = suite("expectation");

test("new events are written where the expectation holds", () => {
  assert.is(judged(none, ANY, "x"), "write");
  assert.is(judged(none, NO_STREAM, "x"), "write");
  assert.is(judged(abc, ANY, "x"), "write");
  assert.is(judged(abc, EXISTS, "x"), "write");
  assert.is(judged(abc, at(2n), "x"), "write");
});

test("a stream of which only metadata is known exists", () => {
  assert.is(judged(none, EXISTS, "x"), "wrong_expected_version");
  assert.is(judged(none, EXISTS, "x", true), "write");
});

test("new events are refused where it does not", () => {
  for (const expected of [NO_STREAM, at(0n), at(1n), at(3n)])
    assert.is(judged(abc, expected, "x"), "wrong_expected_version");
  assert.is(judged(none, at(0n), "x"), "wrong_expected_version");
});

test("events that are there already are answered with where they are", () => {
  assert.is(judged(abc, NO_STREAM, "abc"), 2);
  assert.is(judged(abc, NO_STREAM, "ab"), 1);
  assert.is(judged(abc, at(0n), "b"), 1);
  assert.is(judged(abc, ANY, "bc"), 2);
  assert.is(judged(abc, EXISTS, "a"), 0);
});

test("some that are there with others that are not are refused", () => {
  assert.is(judged(abc, NO_STREAM, "abx"), "wrong_expected_version");
  assert.is(judged(abc, NO_STREAM, "abcx"), "wrong_expected_version");
  assert.is(judged(abc, at(0n), "bx"), "wrong_expected_version");
  assert.is(judged(abc, ANY, "cx"), "wrong_expected_version");
});

test("an empty append is measured like any other", () => {
  assert.is(judged(abc, at(2n), ""), "write");
  assert.is(judged(abc, ANY, ""), "write");
  assert.is(judged(abc, at(1n), ""), "wrong_expected_version");
  assert.is(judged(abc, NO_STREAM, ""), "wrong_expected_version");
});

test("a deleted stream may be begun again, or continued by who knows its end", () => {
  assert.is(judged(deleted, NO_STREAM, "x"), "write");
  assert.is(judged(deleted, at(2n), "x"), "write");
  assert.is(judged(deleted, ANY, "x"), "write");
  assert.is(judged(deleted, at(1n), "x"), "wrong_expected_version");
  assert.is(judged(deleted, EXISTS, "x"), "deleted");
});

test("a tombstone is for ever", () => {
  for (const expected of [ANY, NO_STREAM, EXISTS, at(2n)])
    assert.is(judged(tombstoned, expected, "x"), "deleted");
});

test.run();
