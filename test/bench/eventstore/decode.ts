// What decoding one event of a subscription costs the process that follows: the client's generated classes beside our decoder.

import { randomUUID } from "node:crypto";
import { createRequire } from "node:module";
import { decodeRead } from "#platform/event-store/read-response.ts";
import { encodeRecorded } from "../../../services/eventstore/engine/recorded-event.ts";
import { encodeEvent } from "../../../services/eventstore/protocol/codec/read-response.ts";
import { submitted } from "./load.ts";

type Streams = typeof import("@eventstore/db-client/generated/streams_pb.js");
type Converting = typeof import("@eventstore/db-client/dist/utils/convertGrpcEvent.js");
const require = createRequire(import.meta.url);
const { ReadResp } = require("@eventstore/db-client/generated/streams_pb.js") as Streams;
const { convertGrpcEvent } =
  require("@eventstore/db-client/dist/utils/convertGrpcEvent.js") as unknown as Converting;

const METADATA = { schema: 1, at: "2026-01-01T00:00:00.000Z", trace: randomUUID(), causation: randomUUID() };
const EVENTS = 1_000;

const messages = Array.from({ length: EVENTS }, (_, index) => message(index));

function message(index: number): Buffer {
  const { id, type, data } = submitted();
  const place = { stream: `submission-${randomUUID()}`, revision: 0, position: index + 1, createdMs: index };
  const proposed = {
    id,
    type,
    contentType: "application/json",
    customMetadata: Buffer.from(JSON.stringify(METADATA)),
    data: Buffer.from(JSON.stringify(data)),
  };
  const wire = encodeRecorded(proposed, place);
  return encodeEvent({ ...place, type, position: BigInt(place.position), revision: 0n, wire });
}

/** Each takes what a follower looks at. */
export const decoders = {
  client(bytes: Buffer): unknown {
    const read = ReadResp.deserializeBinary(bytes).getEvent();
    return read && convertGrpcEvent(read).event?.data;
  },
  ours(bytes: Buffer): unknown {
    const read = decodeRead(bytes);
    return read.kind === "event" && read.event?.stream;
  },
  oursWithData(bytes: Buffer): unknown {
    const read = decodeRead(bytes);
    return read.kind === "event" && read.event?.version && read.event.data;
  },
};

/** Events in a second of this process's CPU. */
export function decodeLoad(decode: (bytes: Buffer) => unknown, forSeconds: number): number {
  const before = process.cpuUsage();
  let spent = 0;
  let events = 0;
  while (spent < forSeconds) {
    for (const bytes of messages) decode(bytes);
    events += messages.length;
    const { user, system } = process.cpuUsage(before);
    spent = (user + system) / 1e6;
  }
  return events / spent;
}
