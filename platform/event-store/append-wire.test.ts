import { createRequire } from "node:module";
import { MaxAppendSizeExceededError, WrongExpectedVersionError } from "@eventstore/db-client";
import protobuf from "protobufjs/minimal.js";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type Append, decodeAnswer, encodeAppend } from "./append-wire.ts";

const test = suite("append on the wire");

// What the client's generated code makes of our bytes, and what it would have sent in place of a store.
type Streams = typeof import("@eventstore/db-client/generated/streams_pb.js");
type Shared = typeof import("@eventstore/db-client/generated/shared_pb.js");
type Statuses = typeof import("@eventstore/db-client/generated/status_pb.js");
const require = createRequire(import.meta.url);
const { BatchAppendReq, BatchAppendResp } =
  require("@eventstore/db-client/generated/streams_pb.js") as Streams;
const shared = require("@eventstore/db-client/generated/shared_pb.js") as Shared;
const { Status } = require("@eventstore/db-client/generated/status_pb.js") as Statuses;

const told = { name: "Zoë", text: "x".repeat(1_000), odd: "\u0000\u{1F600}" };
const asked = (more: Partial<Append>): Append => ({
  number: 7,
  stream: "submission-Zoë",
  expected: "no_stream",
  events: [
    {
      id: "6a1b3c1e-0000-4000-8000-000000000001",
      type: "Told",
      data: told,
      metadata: { schema: 3, at: "2026-01-01T00:00:00.000Z" },
    },
  ],
  deadline: 1_767_225_600_250,
  ...more,
});
const read = (append: Append) => BatchAppendReq.deserializeBinary(encodeAppend(append));

test("an append is read as what it is", () => {
  const request = read(asked({}));
  assert.is(request.getCorrelationId()?.getStructured()?.getLeastSignificantBits(), "7");
  assert.is(request.getIsFinal(), true);
  const options = request.getOptions();
  const name = options?.getStreamIdentifier()?.getStreamName_asU8() ?? [];
  assert.is(Buffer.from(name).toString(), "submission-Zoë");
  assert.is(options?.getDeadline()?.toDate().getTime(), 1_767_225_600_250);
  const [event, ...more] = request.getProposedMessagesList();
  assert.is(more.length, 0);
  assert.is(event?.getId()?.getString(), "6a1b3c1e-0000-4000-8000-000000000001");
  assert.equal(
    new Map(event?.getMetadataMap().toObject()),
    new Map([
      ["content-type", "application/json"],
      ["type", "Told"],
    ]),
  );
  assert.equal(JSON.parse(Buffer.from(event?.getData_asU8() ?? []).toString()), told);
  assert.equal(JSON.parse(Buffer.from(event?.getCustomMetadata_asU8() ?? []).toString()), {
    schema: 3,
    at: "2026-01-01T00:00:00.000Z",
  });
});

test("an append says which revision it was decided on", () => {
  assert.ok(read(asked({})).getOptions()?.hasNoStream());
  assert.ok(
    read(asked({ expected: "any" }))
      .getOptions()
      ?.hasAny(),
  );
  for (const expected of [0n, 1n, 4_294_967_296n]) {
    const options = read(asked({ expected })).getOptions();
    assert.ok(options?.hasStreamPosition());
    assert.is(options?.getStreamPosition(), `${expected}`);
  }
});

test("an append keeps its events in order", () => {
  const [first] = asked({}).events;
  const events = ["A", "B", "A"].map((type) => ({ ...(first as Append["events"][number]), type }));
  const written = read(asked({ events })).getProposedMessagesList();
  assert.equal(
    written.map((one) => one.getMetadataMap().get("type")),
    ["A", "B", "A"],
  );
});

const answerTo = (number: number) => {
  const structured = new shared.UUID.Structured();
  structured.setLeastSignificantBits(`${number}`);
  structured.setMostSignificantBits("0");
  const id = new shared.UUID();
  id.setStructured(structured);
  const answer = new BatchAppendResp();
  answer.setCorrelationId(id);
  const stream = new shared.StreamIdentifier();
  stream.setStreamName(Buffer.from("told-1").toString("base64"));
  answer.setStreamIdentifier(stream);
  return answer;
};
const decoded = (answer: InstanceType<Streams["BatchAppendResp"]>) =>
  decodeAnswer(Buffer.from(answer.serializeBinary()));

function success(revision: string, position?: string) {
  const confirmed = new BatchAppendResp.Success();
  confirmed.setCurrentRevision(revision);
  if (position === undefined) {
    confirmed.setNoPosition(new shared.Empty());
  } else {
    const at = new shared.AllStreamPosition();
    at.setCommitPosition(position);
    at.setPreparePosition(position);
    confirmed.setPosition(at);
  }
  return confirmed;
}

test("a confirmation says where the events stand", () => {
  for (const [revision, position] of [
    [0n, 1n],
    [5n, 4_294_967_297n],
    [4_294_967_296n, 9_007_199_254_740_993n],
  ] as const) {
    const answer = answerTo(2_147_483_647);
    answer.setSuccess(success(`${revision}`, `${position}`));
    assert.equal(decoded(answer), { number: 2_147_483_647, result: { revision, position } });
  }
});

test("a confirmation without a position is one", () => {
  const answer = answerTo(1);
  answer.setSuccess(success("3"));
  assert.equal(decoded(answer), { number: 1, result: { revision: 3n, position: undefined } });
});

test("a store may give the id back as a text", () => {
  const answer = answerTo(1);
  const id = new shared.UUID();
  id.setString("00000000-0000-0000-0000-00007fffffff");
  answer.setCorrelationId(id);
  answer.setSuccess(success("0", "9"));
  assert.is(decoded(answer).number, 2_147_483_647);
});

function failed(type: string, details?: { serializeBinary(): Uint8Array }) {
  const status = protobuf.Writer.create().uint32(8).uint32(3).uint32(18).string(type);
  if (details !== undefined) {
    status.uint32(26).fork().uint32(10).string(`type.googleapis.com/event_store.client.${type}`);
    status.uint32(18).bytes(details.serializeBinary()).ldelim();
  }
  const answer = answerTo(4);
  answer.setError(Status.deserializeBinary(status.finish()));
  return decoded(answer);
}

test("an error is the one that the client would throw", () => {
  const wrong = new shared.WrongExpectedVersion();
  wrong.setCurrentStreamRevision("8");
  wrong.setExpectedNoStream(new shared.Empty());
  const refused = failed("WrongExpectedVersion", wrong);
  assert.is(refused.number, 4);
  assert.instance(refused.result, WrongExpectedVersionError);
  assert.is((refused.result as WrongExpectedVersionError).actualVersion, 8n);

  const large = new shared.MaximumAppendSizeExceeded();
  large.setMaxappendsize(1_024);
  assert.instance(failed("MaximumAppendSizeExceeded", large).result, MaxAppendSizeExceededError);
});

test("an error without details says what the store says", () => {
  const { result } = failed("out of sorts");
  assert.match((result as Error).message, /out of sorts/);
});

test("an answer without a result is no confirmation", () => {
  assert.instance(decoded(answerTo(1)).result, Error);
});

test.run();
