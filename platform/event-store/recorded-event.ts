// An event as it came over the wire. Most who see one look only at its stream and type, so everything else is decoded when it is
// first asked for, and once for all followers of the process: what comes out of here is shared and must not be changed.
import type protobuf from "protobufjs/minimal.js";
import type { EventMetadata, StoredEvent } from "./stored-event.ts";
import { endOfNested, nested, readUint64, STREAM_NAME, STRUCTURED_UUID, UUID, varint } from "./wire.ts";

/** Field numbers of event_store.client.streams.ReadResp.ReadEvent.RecordedEvent, and of an entry of its map. */
const RECORDED = { id: 1, stream: 2, revision: 3, commitPosition: 5, system: 6, metadata: 7, data: 8 };
const ENTRY = { key: 1, value: 2 };

const JSON_TYPE = "application/json";
const TICKS_PER_MS = 10_000n;
/** What an event takes in memory beside its bytes: an object, strings and bigints. */
const OVERHEAD_BYTES = 500;

/** Everything that was read of the message; `bytes` is the whole of it. */
interface Parts {
  readonly bytes: Buffer;
  id: string;
  stream: string;
  revision: bigint;
  position: bigint;
  type: string;
  contentType: string;
  created: string;
  metadata: Range;
  data: Range;
}

/** A part of the message. */
interface Range {
  readonly start: number;
  readonly end: number;
}

const NOTHING: Range = { start: 0, end: 0 };

export class RecordedEvent implements StoredEvent {
  readonly id: string;
  readonly stream: string;
  readonly revision: bigint;
  readonly position: bigint;
  readonly type: string;
  readonly #parts: Parts;
  #metadata: EventMetadata | undefined;
  #hasPlainMetadata = false;
  #data: { readonly value: unknown; readonly isJson: boolean } | undefined;

  constructor(parts: Parts) {
    this.id = parts.id;
    this.stream = parts.stream;
    this.revision = parts.revision;
    this.position = parts.position;
    this.type = parts.type;
    this.#parts = parts;
  }

  /** What it takes in memory, roughly. */
  get size(): number {
    return this.#parts.bytes.length + OVERHEAD_BYTES;
  }

  get version(): number {
    return this.metadata.schema;
  }

  get created(): Date {
    return dateOf(this.#parts.created);
  }

  get metadata(): EventMetadata {
    this.#metadata ??= this.#readMetadata();
    return this.#metadata;
  }

  get data(): unknown {
    this.#data ??= this.#readData();
    return this.#data.value;
  }

  get rawData(): Uint8Array | undefined {
    const { bytes, contentType, data } = this.#parts;
    if (contentType !== JSON_TYPE || data.start === data.end || this.#data?.isJson === false)
      return undefined;
    return bytes.subarray(data.start, data.end);
  }

  get rawMetadata(): Uint8Array | undefined {
    const { bytes, metadata } = this.#parts;
    this.#metadata ??= this.#readMetadata();
    return this.#hasPlainMetadata ? bytes.subarray(metadata.start, metadata.end) : undefined;
  }

  /** Others may write to the same store, so nothing about their metadata is taken for granted. */
  #readMetadata(): EventMetadata {
    const { value } = this.#parse(this.#parts.metadata);
    const known = typeof value === "object" && value !== null ? value : {};
    const { schema, at, ...rest } = known as Partial<EventMetadata>;
    this.#hasPlainMetadata = typeof schema === "number" && typeof at === "string" && !Array.isArray(value);
    return {
      ...rest,
      schema: typeof schema === "number" ? schema : 1,
      at: typeof at === "string" ? at : this.created.toISOString(),
    };
  }

  #readData(): { value: unknown; isJson: boolean } {
    const { bytes, contentType, data } = this.#parts;
    if (contentType === JSON_TYPE) return this.#parse(data);
    return { value: Uint8Array.from(bytes.subarray(data.start, data.end)), isJson: false };
  }

  /** What is no JSON stays a text. */
  #parse({ start, end }: Range): { value: unknown; isJson: boolean } {
    const text = this.#parts.bytes.toString("utf8", start, end);
    try {
      return { value: JSON.parse(text), isJson: true };
    } catch {
      return { value: text, isJson: false };
    }
  }
}

export function readRecorded(reader: protobuf.Reader, bytes: Buffer): RecordedEvent {
  const end = endOfNested(reader);
  const parts: Parts = {
    bytes,
    id: "",
    stream: "",
    revision: 0n,
    position: 0n,
    type: "<no-event-type-provided>",
    contentType: "application/octet-stream",
    created: "",
    metadata: NOTHING,
    data: NOTHING,
  };
  while (reader.pos < end) {
    const tag = reader.uint32();
    switch (tag) {
      case nested(RECORDED.id):
        parts.id = readUuid(reader);
        break;
      case nested(RECORDED.stream):
        parts.stream = readStreamName(reader);
        break;
      case varint(RECORDED.revision):
        parts.revision = readUint64(reader);
        break;
      case varint(RECORDED.commitPosition):
        parts.position = readUint64(reader);
        break;
      case nested(RECORDED.system):
        readSystemEntry(reader, parts);
        break;
      case nested(RECORDED.metadata):
        parts.metadata = skipRange(reader);
        break;
      case nested(RECORDED.data):
        parts.data = skipRange(reader);
        break;
      default:
        reader.skipType(tag & 7);
    }
  }
  return new RecordedEvent(parts);
}

function skipRange(reader: protobuf.Reader): Range {
  const end = endOfNested(reader);
  const start = reader.pos;
  reader.pos = end;
  return { start, end };
}

function readSystemEntry(reader: protobuf.Reader, parts: Parts): void {
  const end = endOfNested(reader);
  let key = "";
  let value = "";
  while (reader.pos < end) {
    const tag = reader.uint32();
    if (tag === nested(ENTRY.key)) key = reader.string();
    else if (tag === nested(ENTRY.value)) value = reader.string();
    else reader.skipType(tag & 7);
  }
  if (key === "type") parts.type = value;
  else if (key === "content-type") parts.contentType = value;
  else if (key === "created") parts.created = value;
}

function readStreamName(reader: protobuf.Reader): string {
  const end = endOfNested(reader);
  let name = "";
  while (reader.pos < end) {
    const tag = reader.uint32();
    if (tag === nested(STREAM_NAME)) name = reader.string();
    else reader.skipType(tag & 7);
  }
  return name;
}

function readUuid(reader: protobuf.Reader): string {
  const end = endOfNested(reader);
  let id = "";
  while (reader.pos < end) {
    const tag = reader.uint32();
    if (tag === nested(UUID.text)) id = reader.string();
    else if (tag === nested(UUID.structured)) id = readStructuredUuid(reader);
    else reader.skipType(tag & 7);
  }
  return id;
}

function readStructuredUuid(reader: protobuf.Reader): string {
  const end = endOfNested(reader);
  let high = 0n;
  let low = 0n;
  while (reader.pos < end) {
    const tag = reader.uint32();
    if (tag === varint(STRUCTURED_UUID.highBits)) high = BigInt.asUintN(64, readUint64(reader));
    else if (tag === varint(STRUCTURED_UUID.lowBits)) low = BigInt.asUintN(64, readUint64(reader));
    else reader.skipType(tag & 7);
  }
  const digits = ((high << 64n) | low).toString(16).padStart(32, "0");
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

/** In ticks of 100 ns since 1970, as a text. */
function dateOf(ticks: string): Date {
  return /^\d+$/.test(ticks) ? new Date(Number(BigInt(ticks) / TICKS_PER_MS)) : new Date(0);
}
