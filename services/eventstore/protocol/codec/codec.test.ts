// The hand-written codec against the definitions that the official client was generated from.
import { randomUUID } from "node:crypto";
import shared from "@eventstore/db-client/generated/shared_pb.js";
import streams from "@eventstore/db-client/generated/streams_pb.js";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { decodeAppendPart, encodeAppendSuccess, encodeWrongExpectedVersion } from "./append.ts";
import { decodeBatchChunk, encodeBatchResponse } from "./batch-append.ts";
import { decodeReadRequest } from "./read-request.ts";
import { encodeCheckpoint, encodeEvent, encodeStreamNotFound } from "./read-response.ts";

const test = suite("codec");
const { AppendReq, AppendResp, BatchAppendReq, BatchAppendResp, ReadReq, ReadResp } = streams;
const bytesOf = (message: { serializeBinary(): Uint8Array }): Buffer =>
  Buffer.from(message.serializeBinary());

function identifier(name: string) {
  const made = new shared.StreamIdentifier();
  made.setStreamName(Buffer.from(name));
  return made;
}

test("reads a proposed event, its id written either way", () => {
  const id = "0123ABCD-89ab-4def-8123-456789abcdef";
  const asText = new shared.UUID();
  asText.setString(id);
  const structured = new shared.UUID.Structured();
  structured.setMostSignificantBits(BigInt.asIntN(64, 0x0123abcd_89ab4defn).toString());
  structured.setLeastSignificantBits(BigInt.asIntN(64, 0x81234567_89abcdefn).toString());
  const asBits = new shared.UUID();
  asBits.setStructured(structured);
  for (const uuid of [asText, asBits]) {
    const proposed = new AppendReq.ProposedMessage();
    proposed.setId(uuid);
    proposed.getMetadataMap().set("type", "OrderPlaced").set("content-type", "application/json");
    proposed.setData(Buffer.from("{}"));
    const request = new AppendReq();
    request.setProposedMessage(proposed);
    const part = decodeAppendPart(bytesOf(request));
    assert.is(part.kind, "event");
    if (part.kind !== "event") continue;
    assert.is(part.event.id, id.toLowerCase());
    assert.is(part.event.type, "OrderPlaced");
    assert.is(part.event.contentType, "application/json");
    assert.is(Buffer.from(part.event.data).toString(), "{}");
    assert.is(part.event.customMetadata.length, 0);
  }
});

test("reads the largest revision, and treats what is beyond it as the end", () => {
  const options = new AppendReq.Options();
  options.setStreamIdentifier(identifier("s"));
  for (const [given, read] of [
    ["9223372036854775807", 9223372036854775807n],
    ["18446744073709551615", 9223372036854775807n],
    ["4294967296", 4294967296n],
  ] as const) {
    options.setRevision(given);
    const request = new AppendReq();
    request.setOptions(options);
    const part = decodeAppendPart(bytesOf(request));
    assert.equal(part.kind === "options" && part.options.expected, { kind: "revision", revision: read });
  }
});

test("reads a chunk of a batch and skips what it does not know", () => {
  const correlation = new shared.UUID();
  correlation.setString(randomUUID());
  const request = new BatchAppendReq();
  request.setCorrelationId(correlation);
  request.setIsFinal(true);
  const unknownField = Buffer.from([0xfa, 0x01, 0x02, 0x68, 0x69]);
  const chunk = decodeBatchChunk(Buffer.concat([unknownField, bytesOf(request)]));
  assert.equal(chunk.correlation, bytesOf(correlation));
  assert.is(chunk.options, undefined);
  assert.is(chunk.isFinal, true);
});

test("reads a deadline as a time or as a duration", () => {
  const options = Buffer.concat([
    Buffer.from([0x0a, 0x03, 0x1a, 0x01, 0x73]), // stream "s"
    Buffer.from([0x3a, 0x02, 0x08, 0x05]), // a duration of 5 s
  ]);
  const request = Buffer.concat([Buffer.from([0x12, options.length]), options]);
  const deadline = decodeBatchChunk(request).options?.deadline ?? 0;
  assert.ok(Math.abs(deadline - Date.now() - 5_000) < 1_000);
});

test("rejects a message that ends too early", () => {
  assert.throws(() => decodeBatchChunk(Buffer.from([0x12, 0x20, 0x0a])));
  assert.throws(() => decodeReadRequest(Buffer.from([0x0a, 0x05, 0x0a, 0x7f])));
  assert.throws(() => decodeReadRequest(Buffer.alloc(0)), /neither a stream nor/);
});

test("reads what a filtered subscription asks for", () => {
  const expression = new ReadReq.Options.FilterOptions.Expression();
  expression.setPrefixList(["a", "b"]);
  const filter = new ReadReq.Options.FilterOptions();
  filter.setEventType(expression);
  filter.setMax(10);
  filter.setCheckpointintervalmultiplier(3);
  const all = new ReadReq.Options.AllOptions();
  all.setEnd(new shared.Empty());
  const options = new ReadReq.Options();
  options.setAll(all);
  options.setSubscription(new ReadReq.Options.SubscriptionOptions());
  options.setFilter(filter);
  options.setResolveLinks(true);
  const request = new ReadReq();
  request.setOptions(options);
  assert.equal(decodeReadRequest(bytesOf(request)), {
    source: { stream: undefined, from: "end" },
    direction: "forwards",
    resolveLinks: true,
    count: undefined,
    filter: { on: "type", regex: "", prefixes: ["a", "b"], checkpointInterval: 30 },
  });
});

test("writes events whose sizes need one, two and three bytes", () => {
  for (const size of [0, 100, 1_000, 70_000]) {
    const stored = new ReadResp.ReadEvent.RecordedEvent();
    stored.setData(Buffer.alloc(size, "d"));
    stored.setStreamRevision("7");
    const position = 2n ** 40n + BigInt(size);
    const event = { position, stream: "s", revision: 7n, type: "t", wire: bytesOf(stored) };
    const read = ReadResp.deserializeBinary(encodeEvent(event)).getEvent();
    assert.is(read?.getEvent()?.getData_asU8().length, size);
    assert.is(read?.getEvent()?.getStreamRevision(), "7");
    assert.is(read?.getCommitPosition(), position.toString());
  }
});

test("writes checkpoints, missing streams and responses to appends", () => {
  const checkpoint = ReadResp.deserializeBinary(encodeCheckpoint(2n ** 60n)).getCheckpoint();
  assert.is(checkpoint?.getCommitPosition(), (2n ** 60n).toString());
  const missing = ReadResp.deserializeBinary(encodeStreamNotFound("ünïcode")).getStreamNotFound();
  assert.is(Buffer.from(missing?.getStreamIdentifier()?.getStreamName_asU8() ?? []).toString(), "ünïcode");

  const success = AppendResp.deserializeBinary(
    encodeAppendSuccess({ outcome: "appended", revision: 300n, position: 9n }),
  ).getSuccess();
  assert.is(success?.getCurrentRevision(), "300");
  assert.is(success?.getPosition()?.getPreparePosition(), "9");
  const nothing = AppendResp.deserializeBinary(
    encodeAppendSuccess({ outcome: "appended", revision: -1n, position: undefined }),
  ).getSuccess();
  assert.ok(nothing?.hasNoStream() && nothing.hasNoPosition());

  const wrong = AppendResp.deserializeBinary(
    encodeWrongExpectedVersion({ kind: "stream_exists" }, -1n),
  ).getWrongExpectedVersion();
  assert.ok(wrong?.hasCurrentNoStream() && wrong.hasExpectedStreamExists());
});

test("writes the details by which a client tells the errors of a batch apart", () => {
  const writeOptions = { stream: "s", expected: { kind: "revision", revision: 3n }, deadline: 0 } as const;
  const correlation = new shared.UUID();
  correlation.setString(randomUUID());
  const errorOf = (result: Parameters<typeof encodeBatchResponse>[2]) => {
    const bytes = encodeBatchResponse(bytesOf(correlation), writeOptions, result);
    const read = BatchAppendResp.deserializeBinary(bytes);
    assert.is(read.getCorrelationId()?.getString(), correlation.getString());
    assert.is(Buffer.from(read.getStreamIdentifier()?.getStreamName_asU8() ?? []).toString(), "s");
    assert.is(read.getStreamPosition(), "3");
    return read.getError();
  };
  const kinds = [
    errorOf({ outcome: "wrong_expected_version", actual: 5n }),
    errorOf({ outcome: "stream_tombstoned" }),
    errorOf({ outcome: "too_large", limit: 1_048_576 }),
    errorOf({ outcome: "timed_out" }),
    errorOf({ outcome: "bad_request", message: "why" }),
  ].map((status) => [status?.getCode(), status?.getDetails()?.getTypeName()]);
  const client = "event_store.client";
  assert.equal(kinds, [
    [6, `${client}.WrongExpectedVersion`],
    [5, `${client}.StreamDeleted`],
    [3, `${client}.MaximumAppendSizeExceeded`],
    [4, `${client}.Timeout`],
    [3, `${client}.BadRequest`],
  ]);
});

test.run();
