import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Expected } from "./event-log.ts";
import { checkExpected } from "./expected-revision.ts";
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

function checked(head: StreamHead, expected: Expected, ids: string, hasMetadata = false): unknown {
  const written = head.number === 0 ? [] : ["a", "b", "c"];
  const check = checkExpected(head, expected, [...ids], {
    revisionOf: (id) => (written.includes(id) ? written.indexOf(id) : undefined),
    idAt: (revision) => written[revision],
    hasMetadata: () => hasMetadata,
  });
  return check.outcome === "already_written" ? check.revision : check.outcome;
}

const test = suite("expected revision");

test("new events are written where the expectation holds", () => {
  assert.is(checked(none, ANY, "x"), "write");
  assert.is(checked(none, NO_STREAM, "x"), "write");
  assert.is(checked(abc, ANY, "x"), "write");
  assert.is(checked(abc, EXISTS, "x"), "write");
  assert.is(checked(abc, at(2n), "x"), "write");
});

test("a stream of which only metadata is known exists", () => {
  assert.is(checked(none, EXISTS, "x"), "wrong_expected_version");
  assert.is(checked(none, EXISTS, "x", true), "write");
});

test("new events are rejected where it does not", () => {
  for (const expected of [NO_STREAM, at(0n), at(1n), at(3n)])
    assert.is(checked(abc, expected, "x"), "wrong_expected_version");
  assert.is(checked(none, at(0n), "x"), "wrong_expected_version");
});

test("events that are there already resolve to their revision", () => {
  assert.is(checked(abc, NO_STREAM, "abc"), 2);
  assert.is(checked(abc, NO_STREAM, "ab"), 1);
  assert.is(checked(abc, at(0n), "b"), 1);
  assert.is(checked(abc, ANY, "bc"), 2);
  assert.is(checked(abc, EXISTS, "a"), 0);
});

test("events of which some are there already and others are not are rejected", () => {
  assert.is(checked(abc, NO_STREAM, "abx"), "wrong_expected_version");
  assert.is(checked(abc, NO_STREAM, "abcx"), "wrong_expected_version");
  assert.is(checked(abc, at(0n), "bx"), "wrong_expected_version");
  assert.is(checked(abc, ANY, "cx"), "wrong_expected_version");
});

test("an empty append is checked like any other", () => {
  assert.is(checked(abc, at(2n), ""), "write");
  assert.is(checked(abc, ANY, ""), "write");
  assert.is(checked(abc, at(1n), ""), "wrong_expected_version");
  assert.is(checked(abc, NO_STREAM, ""), "wrong_expected_version");
});

test("a deleted stream may be begun anew, or continued at its last revision", () => {
  assert.is(checked(deleted, NO_STREAM, "x"), "write");
  assert.is(checked(deleted, at(2n), "x"), "write");
  assert.is(checked(deleted, ANY, "x"), "write");
  assert.is(checked(deleted, at(1n), "x"), "wrong_expected_version");
  assert.is(checked(deleted, EXISTS, "x"), "stream_deleted");
});

test("a tombstoned stream is deleted for ever", () => {
  for (const expected of [ANY, NO_STREAM, EXISTS, at(2n)])
    assert.is(checked(tombstoned, expected, "x"), "stream_deleted");
});

test.run();
