// An event is stored as the RecordedEvent message that readers receive, so a read only copies it.
import {
  encode,
  MAP_ENTRY,
  type Reader,
  readMapEntry,
  readMessage,
  readStreamName,
  readUint64,
  readUuid,
  UUID,
  type Writer,
  writeBytes,
  writeNested,
  writeStreamName,
  writeString,
  writeUint64,
} from "../protobuf.ts";
import type { ProposedEvent, RecordedEvent } from "./event-log.ts";

/** ReadResp.ReadEvent.RecordedEvent of streams.proto. */
const FIELD = {
  id: 1,
  stream_identifier: 2,
  stream_revision: 3,
  prepare_position: 4,
  commit_position: 5,
  metadata: 6,
  custom_metadata: 7,
  data: 8,
} as const;

/** The revision of a tombstone is the greatest there is, as on the real server. */
export const TOMBSTONE_REVISION = 2n ** 63n - 1n;

interface Place {
  readonly stream: string;
  readonly revision: number | typeof TOMBSTONE_REVISION;
  readonly position: number;
  readonly createdMs: number;
}

export function encodeRecorded(event: ProposedEvent, place: Place): Buffer {
  return encode((writer) => {
    writeNested(writer, FIELD.id, () => writeString(writer, UUID.string, event.id));
    writeStreamName(writer, FIELD.stream_identifier, place.stream);
    writeUint64(writer, FIELD.stream_revision, place.revision);
    writeUint64(writer, FIELD.prepare_position, place.position);
    writeUint64(writer, FIELD.commit_position, place.position);
    writeMetadata(writer, "type", event.type);
    writeMetadata(writer, "content-type", event.contentType);
    // In ticks of 100 ns, which no longer fit a double.
    writeMetadata(writer, "created", `${place.createdMs}0000`);
    writeBytes(writer, FIELD.custom_metadata, event.customMetadata);
    writeBytes(writer, FIELD.data, event.data);
  });
}

function writeMetadata(writer: Writer, key: string, value: string): void {
  writeNested(writer, FIELD.metadata, () => {
    writeString(writer, MAP_ENTRY.key, key);
    writeString(writer, MAP_ENTRY.value, value);
  });
}

export function decodeRecorded(wire: Uint8Array): RecordedEvent {
  let stream = "";
  let type = "";
  let revision = 0n;
  let position = 0n;
  readMessage(wire, (field, reader) => {
    if (field === FIELD.stream_identifier) stream = readStreamName(reader);
    else if (field === FIELD.stream_revision) revision = readUint64(reader);
    else if (field === FIELD.commit_position) position = readUint64(reader);
    else if (field === FIELD.metadata && type === "") type = metadataEntry(reader, "type") ?? "";
  });
  return { position, stream, revision, type, wire };
}

function metadataEntry(reader: Reader, wanted: string): string | undefined {
  const [key, value] = readMapEntry(reader);
  return key === wanted ? value : undefined;
}

export function idOf(wire: Uint8Array): string {
  let id = "";
  readMessage(wire, (field, reader) => {
    if (field === FIELD.id) id = readUuid(reader);
  });
  return id;
}

export function createdMsOf(wire: Uint8Array): number {
  let ticks = "";
  readMessage(wire, (field, reader) => {
    if (field === FIELD.metadata) ticks = metadataEntry(reader, "created") ?? ticks;
  });
  return Number(ticks.slice(0, -4));
}

export function dataOf(wire: Uint8Array): Buffer {
  let data: Uint8Array = new Uint8Array();
  readMessage(wire, (field, reader) => {
    if (field === FIELD.data) data = reader.bytes();
  });
  return Buffer.from(data.buffer, data.byteOffset, data.length);
}
