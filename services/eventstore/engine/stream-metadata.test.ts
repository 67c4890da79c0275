import { suite } from "uvu";
import * as assert from "uvu/assert";
import { firstVisible, KEEP_ALL, newStream, type StreamHead } from "./stream-head.ts";
import { DELETED_METADATA, recreatedMetadata, withMetadata } from "./stream-metadata.ts";

const ten: StreamHead = { ...newStream("ten"), number: 1, last: 9 };
const after = (json: string, contentType = "application/json"): StreamHead =>
  withMetadata(ten, contentType, Buffer.from(json));

const test = suite("stream metadata");

test("the settings hide what is too old or too many", () => {
  assert.is(firstVisible(ten), 0);
  assert.is(firstVisible(after('{"$tb":4}')), 4);
  assert.is(firstVisible(after('{"$maxCount":3}')), 7);
  assert.is(firstVisible(after('{"$maxCount":3,"$tb":9}')), 9);
  assert.is(after('{"$maxAge":60}').retention.maxAgeSeconds, 60);
});

test("what makes no sense sets nothing", () => {
  for (const json of [
    "",
    "not json",
    "[]",
    "null",
    '"text"',
    '{"$maxCount":-1}',
    '{"$tb":"many"}',
    '{"$maxAge":1.5}',
  ])
    assert.equal(after(json).retention, KEEP_ALL, json);
  assert.equal(after('{"$tb":4}', "application/octet-stream").retention, KEEP_ALL);
});

test("the metadata of a deletion deletes, and newer metadata without it does not", () => {
  const deleted = withMetadata(ten, "application/json", DELETED_METADATA);
  assert.is(deleted.life, "deleted");
  const again = withMetadata(deleted, "application/json", Buffer.from('{"$tb":10}'));
  assert.equal([again.life, firstVisible(again)], ["live", 10]);
});

test("a stream that lives again keeps its other settings", () => {
  const json = recreatedMetadata(Buffer.from('{"owner":"ann","$tb":9223372036854775807}'), 10);
  assert.equal(JSON.parse(json?.toString() ?? ""), { owner: "ann", $tb: 10 });
  assert.is(recreatedMetadata(Buffer.from("not json"), 10), undefined);
});

test("of a stream of metadata only the newest is seen", () => {
  assert.is(firstVisible({ ...newStream("$$ten"), number: 1, last: 4 }), 4);
});

test.run();
