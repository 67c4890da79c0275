// The client keeps an event's bytes as base64 and decodes them twice for each append, character by character, in
// JavaScript. Node decodes natively, and once is enough: see docs/decisions/0044.
import { createRequire } from "node:module";

type Streams = typeof import("@eventstore/db-client/generated/streams_pb.js");

const require = createRequire(import.meta.url);
const { BatchAppendReq } = require("@eventstore/db-client/generated/streams_pb.js") as Streams;

function bytesOf(value: Uint8Array | string): Uint8Array {
  if (typeof value !== "string") return value;
  const { buffer, byteOffset, length } = Buffer.from(value, "base64");
  return new Uint8Array(buffer, byteOffset, length);
}

export function decodeQuickly(): void {
  const message = BatchAppendReq.ProposedMessage.prototype;
  message.getData_asU8 = function () {
    const bytes = bytesOf(this.getData());
    this.setData(bytes);
    return bytes;
  };
  message.getCustomMetadata_asU8 = function () {
    const bytes = bytesOf(this.getCustomMetadata());
    this.setCustomMetadata(bytes);
    return bytes;
  };
}
