import { createRequire } from "node:module";
import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import {
  createdMsOf,
  dataOf,
  decodeRecorded,
  encodeRecorded,
  idOf,
  TOMBSTONE_REVISION,
} from "./recorded-event.ts";

// The client's own decoder decides whether the encoding is right.
const require = createRequire(import.meta.url);
const { ReadResp } = require("@eventstore/db-client/generated/streams_pb.js");
const clientReads = (wire: Uint8Array) => ReadResp.ReadEvent.RecordedEvent.deserializeBinary(wire);

const anEvent = fc.record({
  id: fc.uuid(),
  type: fc.string({ unit: "grapheme", minLength: 1 }),
  contentType: fc.constantFrom("application/json", "application/octet-stream"),
  data: fc.uint8Array({ maxLength: 2_000 }),
  customMetadata: fc.uint8Array({ maxLength: 200 }),
});
const aPlace = fc.record({
  stream: fc.string({ unit: "grapheme", minLength: 1 }),
  revision: fc.oneof(fc.maxSafeNat(), fc.constant(TOMBSTONE_REVISION)),
  position: fc.maxSafeNat().filter((position) => position > 0),
  createdMs: fc.integer({ min: 1, max: 4_102_444_800_000 }),
});

const test = suite("recorded event");

test("what is encoded is what the client decodes", () => {
  fc.assert(
    fc.property(anEvent, aPlace, (event, place) => {
      const read = clientReads(encodeRecorded(event, place));
      assert.is(read.getId().getString(), event.id);
      assert.is(Buffer.from(read.getStreamIdentifier().getStreamName_asU8()).toString(), place.stream);
      assert.is(BigInt(read.getStreamRevision()), BigInt(place.revision));
      assert.is(BigInt(read.getPreparePosition()), BigInt(place.position));
      assert.is(read.getCommitPosition(), read.getPreparePosition());
      assert.is(read.getMetadataMap().get("type"), event.type);
      assert.is(read.getMetadataMap().get("content-type"), event.contentType);
      assert.is(BigInt(read.getMetadataMap().get("created")), BigInt(place.createdMs) * 10_000n);
      assert.equal(new Uint8Array(read.getData_asU8()), event.data);
      assert.equal(new Uint8Array(read.getCustomMetadata_asU8()), event.customMetadata);
    }),
  );
});

test("what is encoded is what the engine decodes", () => {
  fc.assert(
    fc.property(anEvent, aPlace, (event, place) => {
      const wire = encodeRecorded(event, place);
      const { stream, type, revision, position } = decodeRecorded(wire);
      assert.equal([stream, type], [place.stream, event.type]);
      assert.equal([revision, position], [BigInt(place.revision), BigInt(place.position)]);
      assert.is(idOf(wire), event.id);
      assert.is(createdMsOf(wire), place.createdMs);
      assert.equal(new Uint8Array(dataOf(wire)), event.data);
    }),
  );
});

test.run();
