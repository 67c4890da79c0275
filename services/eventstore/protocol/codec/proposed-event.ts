// An event as its writer proposes it.
import type { ProposedEvent } from "../../engine/event-log.ts";
import { MAP_ENTRY, PROPOSED_MESSAGE, STRUCTURED_UUID, UUID } from "./fields.ts";
import type { Reader } from "./wire.ts";
import { readNested, readUint64 } from "./wire.ts";

const NOTHING = new Uint8Array();

export function readProposedEvent(reader: Reader): ProposedEvent {
  let id = "";
  let type = "";
  let contentType = "";
  let data: Uint8Array = NOTHING;
  let customMetadata: Uint8Array = NOTHING;
  readNested(reader, (field) => {
    switch (field) {
      case PROPOSED_MESSAGE.id:
        id = readUuid(reader);
        break;
      case PROPOSED_MESSAGE.metadata: {
        const [key, value] = readMapEntry(reader);
        if (key === "type") type = value;
        if (key === "content-type") contentType = value;
        break;
      }
      case PROPOSED_MESSAGE.custom_metadata:
        customMetadata = reader.bytes();
        break;
      case PROPOSED_MESSAGE.data:
        data = reader.bytes();
        break;
    }
  });
  return { id, type, contentType, data, customMetadata };
}

function readMapEntry(reader: Reader): readonly [key: string, value: string] {
  let key = "";
  let value = "";
  readNested(reader, (field) => {
    if (field === MAP_ENTRY.key) key = reader.string();
    if (field === MAP_ENTRY.value) value = reader.string();
  });
  return [key, value];
}

function readUuid(reader: Reader): string {
  let id = "";
  readNested(reader, (field) => {
    if (field === UUID.string) id = reader.string().toLowerCase();
    if (field === UUID.structured) id = readStructuredUuid(reader);
  });
  return id;
}

function readStructuredUuid(reader: Reader): string {
  let high = 0n;
  let low = 0n;
  readNested(reader, (field) => {
    if (field === STRUCTURED_UUID.most_significant_bits) high = readUint64(reader);
    if (field === STRUCTURED_UUID.least_significant_bits) low = readUint64(reader);
  });
  const hex = ((high << 64n) | low).toString(16).padStart(32, "0");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
