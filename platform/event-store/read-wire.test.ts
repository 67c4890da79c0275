import { createRequire } from "node:module";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { EVERYTHING, encodeHeadRead, encodeStreamRead, encodeSubscription } from "./read-request.ts";
import { decodeRead, type ReadMessage } from "./read-response.ts";
import type { RecordedEvent } from "./recorded-event.ts";

const test = suite("reads on the wire");

// What the client's generated code makes of our requests, and of the answers that it writes in place of a store.
type Streams = typeof import("@eventstore/db-client/generated/streams_pb.js");
type Shared = typeof import("@eventstore/db-client/generated/shared_pb.js");
type Converting = typeof import("@eventstore/db-client/dist/utils/convertGrpcEvent.js");
const require = createRequire(import.meta.url);
const { ReadReq, ReadResp } = require("@eventstore/db-client/generated/streams_pb.js") as Streams;
const shared = require("@eventstore/db-client/generated/shared_pb.js") as Shared;
const { convertGrpcEvent } =
  require("@eventstore/db-client/dist/utils/convertGrpcEvent.js") as unknown as Converting;

const optionsOf = (request: Buffer) => {
  const options = ReadReq.deserializeBinary(request).getOptions();
  assert.ok(options);
  assert.ok(options.getUuidOption()?.hasString());
  assert.not(options.getResolveLinks());
  return options;
};

test("a subscription to everything leaves the system's events out", () => {
  const options = optionsOf(encodeSubscription([EVERYTHING], 9_007_199_254_740_991n));
  assert.ok(options.hasSubscription());
  assert.is(options.getAll()?.getPosition()?.getCommitPosition(), "9007199254740991");
  assert.is(options.getAll()?.getPosition()?.getPreparePosition(), "9007199254740991");
  const filter = options.getFilter();
  assert.is(filter?.getEventType()?.getRegex(), "^[^$].*");
  assert.not(filter?.hasStreamIdentifier());
  assert.is((filter?.getMax() ?? 0) * (filter?.getCheckpointintervalmultiplier() ?? 0), 1_000);
});

test("a subscription from the start names the streams it wants", () => {
  const options = optionsOf(encodeSubscription(["submission-", "Zoë"], 0n));
  assert.ok(options.getAll()?.hasStart());
  const filter = options.getFilter();
  assert.equal(filter?.getStreamIdentifier()?.getPrefixList(), ["submission-", "Zoë"]);
  assert.not(filter?.hasEventType());
});

test("a read of a stream says where, how much and which way", () => {
  const forwards = optionsOf(
    encodeStreamRead({ stream: "Zoë-1", from: 0n, backwards: false, maxCount: 1_000 }),
  );
  const name = forwards.getStream()?.getStreamIdentifier()?.getStreamName_asU8() ?? [];
  assert.is(Buffer.from(name).toString(), "Zoë-1");
  assert.is(forwards.getStream()?.getRevision(), "0");
  assert.is(forwards.getCount(), "1000");
  assert.is(forwards.getReadDirection(), 0);
  assert.ok(forwards.hasNoFilter());
  const backwards = optionsOf(encodeStreamRead({ stream: "s", from: "end", backwards: true, maxCount: 1 }));
  assert.ok(backwards.getStream()?.hasEnd());
  assert.is(backwards.getReadDirection(), 1);
});

test("a read of the head asks for the last event of all", () => {
  const options = optionsOf(encodeHeadRead(1));
  assert.ok(options.getAll()?.hasEnd());
  assert.is(options.getReadDirection(), 1);
  assert.is(options.getCount(), "1");
});

interface Shape {
  readonly id?: "text" | "structured";
  readonly stream?: string;
  readonly revision?: string;
  readonly position?: string;
  readonly system?: Readonly<Record<string, string>>;
  readonly metadata?: string;
  readonly data?: Buffer;
}

const JSON_EVENT = { type: "Told", "content-type": "application/json", created: "17672256002501234" };
const METADATA = JSON.stringify({ schema: 3, at: "2026-01-01T00:00:00.000Z", trace: "t", by: "Zoë" });
const DATA = Buffer.from(JSON.stringify({ name: "Zoë", odd: "\u0000\u{1F600}", text: "x".repeat(1_000) }));

function recorded(shape: Shape) {
  const {
    id = "text",
    stream = "submission-Zoë",
    revision = "7",
    position = "1234",
    system = JSON_EVENT,
  } = shape;
  const uuid = new shared.UUID();
  if (id === "text") {
    uuid.setString("6a1b3c1e-0000-4000-8000-0000000000ff");
  } else {
    const structured = new shared.UUID.Structured();
    structured.setMostSignificantBits(`${0x6a1b3c1e00004000n}`);
    structured.setLeastSignificantBits(`${BigInt.asIntN(64, 0x80000000000000ffn)}`);
    uuid.setStructured(structured);
  }
  const identifier = new shared.StreamIdentifier();
  identifier.setStreamName(Buffer.from(stream).toString("base64"));
  const event = new ReadResp.ReadEvent.RecordedEvent();
  event.setId(uuid);
  event.setStreamIdentifier(identifier);
  event.setStreamRevision(revision);
  event.setCommitPosition(position);
  event.setPreparePosition(position);
  for (const [key, value] of Object.entries(system)) event.getMetadataMap().set(key, value);
  event.setCustomMetadata(Buffer.from(shape.metadata ?? METADATA).toString("base64"));
  event.setData((shape.data ?? DATA).toString("base64"));
  return event;
}

function eventMessage(parts: { event?: Shape; link?: Shape; commit?: string }): Buffer {
  const read = new ReadResp.ReadEvent();
  if (parts.event) read.setEvent(recorded(parts.event));
  if (parts.link) read.setLink(recorded(parts.link));
  if (parts.commit === undefined) read.setNoPosition(new shared.Empty());
  else read.setCommitPosition(parts.commit);
  const response = new ReadResp();
  response.setEvent(read);
  return Buffer.from(response.serializeBinary());
}

function decodedEvent(bytes: Buffer): RecordedEvent {
  const message = decodeRead(bytes);
  assert.ok(message.kind === "event" && message.event);
  return message.event;
}

const SHAPES: Readonly<Record<string, Shape>> = {
  "of today": {},
  "with a structured id": { id: "structured" },
  "at the beginning": { revision: "0", position: "0" },
  "beyond what a double holds": { revision: "9007199254740993", position: "18446744073709551614" },
  "without data and metadata": { data: Buffer.alloc(0), metadata: "" },
  "with metadata that is no JSON": { metadata: "{not json" },
  "with metadata of somebody else": { metadata: '{"$correlationId":"c","schema":"x"}' },
  "with a list as metadata": { metadata: "[1,2]" },
  "with null as metadata": { metadata: "null" },
  "with data that is no JSON although it says so": { data: Buffer.from('{"n":1} trailing') },
  "with bytes as data": {
    data: Buffer.from([0, 255, 128]),
    system: { ...JSON_EVENT, "content-type": "application/octet-stream" },
  },
  "without a content type": { system: { type: "Told", created: "17672256002501234" } },
  "without a type": { system: { "content-type": "application/json", created: "1" } },
  "without a creation time": { system: { type: "Told", "content-type": "application/json" } },
  "with a creation time that is none": { system: { ...JSON_EVENT, created: "yesterday" } },
  "with more about it than we know": { system: { ...JSON_EVENT, "is-redacted": "no" } },
};

for (const [name, shape] of Object.entries(SHAPES)) {
  test(`an event ${name} is what the client makes of it`, () => {
    const bytes = eventMessage({ event: shape, commit: shape.position ?? "1234" });
    const read = ReadResp.deserializeBinary(bytes).getEvent();
    assert.ok(read);
    const { event: theirs } = convertGrpcEvent(read);
    assert.ok(theirs);
    const ours = decodedEvent(bytes);
    assert.equal(
      [ours.id, ours.stream, ours.revision, ours.type, ours.position, ours.created],
      [theirs.id, theirs.streamId, theirs.revision, theirs.type, theirs.position?.commit, theirs.created],
    );
    const given = theirs.isJson ? ours.data : Buffer.from(ours.data as Uint8Array);
    assert.equal(given, theirs.isJson ? theirs.data : Buffer.from(theirs.data as Uint8Array));
    // The client hands out bytes where metadata is no JSON.
    const plain = theirs.metadata instanceof Uint8Array ? {} : (theirs.metadata ?? {});
    for (const [key, value] of Object.entries(plain)) {
      if (key !== "schema" && key !== "at") assert.equal(Reflect.get(ours.metadata, key), value);
    }
  });
}

test("metadata that is not ours still has a schema version and a time", () => {
  const event = decodedEvent(eventMessage({ event: { metadata: '{"schema":"x","more":1}' } }));
  assert.equal(event.metadata, { schema: 1, at: "2026-01-01T00:00:00.250Z", more: 1 } as object);
  assert.is(event.version, 1);
  assert.is(event.rawMetadata, undefined);
});

test("data and metadata are parsed once, and given as they are stored", () => {
  const event = decodedEvent(eventMessage({ event: {} }));
  assert.is(event.data, event.data);
  assert.is(event.metadata, event.metadata);
  assert.equal(Buffer.from(event.rawData ?? []), DATA);
  assert.is(Buffer.from(event.rawMetadata ?? []).toString(), METADATA);
});

test("what is no JSON is not given as such", () => {
  const bytes = decodedEvent(eventMessage({ event: { system: { type: "Told" } } }));
  const none = decodedEvent(eventMessage({ event: { data: Buffer.alloc(0) } }));
  const wrong = decodedEvent(eventMessage({ event: { data: Buffer.from("{") } }));
  assert.is(wrong.data, "{");
  assert.equal([bytes.rawData, none.rawData, wrong.rawData], [undefined, undefined, undefined]);
});

test("a link whose event is gone, and the system's own events, only have a place", () => {
  const gone = eventMessage({ link: {}, commit: "77" });
  assert.equal(decodeRead(gone), { kind: "event", event: undefined, position: 77n });
  const system = eventMessage({ event: { system: { type: "$metadata" }, position: "78" }, commit: "78" });
  assert.equal(decodeRead(system), { kind: "event", event: undefined, position: 78n });
});

test("a resolved link is the event that it points to", () => {
  const bytes = eventMessage({ event: {}, link: { stream: "$ce-submission", position: "99" }, commit: "99" });
  assert.is(decodedEvent(bytes).stream, "submission-Zoë");
});

const response = (fill: (made: InstanceType<typeof ReadResp>) => void): ReadMessage => {
  const made = new ReadResp();
  fill(made);
  return decodeRead(Buffer.from(made.serializeBinary()));
};

test("what comes between the events is told apart", () => {
  const checkpoint = new ReadResp.Checkpoint();
  checkpoint.setCommitPosition("9007199254740993");
  checkpoint.setPreparePosition("1");
  const confirmation = new ReadResp.SubscriptionConfirmation();
  confirmation.setSubscriptionId("s");
  assert.equal(
    [
      response((made) => made.setCheckpoint(checkpoint)),
      response((made) => made.setConfirmation(confirmation)),
      response((made) => made.setCaughtUp(new ReadResp.CaughtUp())),
      response((made) => made.setFellBehind(new ReadResp.FellBehind())),
      response((made) => made.setStreamNotFound(new ReadResp.StreamNotFound())),
      response((made) => made.setLastStreamPosition("5")),
    ],
    [
      { kind: "checkpoint", position: 9_007_199_254_740_993n },
      { kind: "other" },
      { kind: "caught_up" },
      { kind: "fell_behind" },
      { kind: "stream_not_found" },
      { kind: "other" },
    ],
  );
});

/** A field of each encoding, with numbers that nobody uses. */
const UNKNOWN = Buffer.from([
  ...[0xf8, 0x07, 0x96, 0x01], // 127: a number
  ...[0xfa, 0x07, 0x02, 0x01, 0x02], // 127: bytes
  ...[0xfd, 0x07, 1, 2, 3, 4], // 127: 32 bits
  ...[0xf9, 0x07, 1, 2, 3, 4, 5, 6, 7, 8], // 127: 64 bits
]);

test("fields that a newer store may add are passed over, wherever they stand", () => {
  const plain = eventMessage({ event: {}, commit: "1234" });
  assert.is(decodedEvent(Buffer.concat([UNKNOWN, plain, UNKNOWN])).stream, "submission-Zoë");
  const inner = Buffer.concat([recorded({}).serializeBinary(), UNKNOWN]);
  const event = Buffer.concat([nestedIn(1, inner), UNKNOWN]);
  assert.is(decodedEvent(nestedIn(1, event)).position, 1234n);
});

test("a message that ends too early is an error, not half an event", () => {
  const whole = eventMessage({ event: {}, commit: "1234" });
  for (const length of [1, 20, whole.length - 1]) {
    assert.throws(() => decodeRead(whole.subarray(0, length)));
  }
});

function nestedIn(field: number, bytes: Buffer): Buffer {
  const length = [];
  let rest = bytes.length;
  for (; rest >= 128; rest >>= 7) length.push((rest & 127) | 128);
  return Buffer.concat([Buffer.from([(field << 3) | 2, ...length, rest]), bytes]);
}

test.run();
