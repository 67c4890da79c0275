// ReadReq as bytes: the reads and subscriptions that we ask for.
import protobuf from "protobufjs/minimal.js";
import { nested, STREAM_NAME, varint } from "./wire.ts";

/** Field numbers of event_store.client.streams.ReadReq. */
const OPTIONS = 1;
const READ = {
  stream: 1,
  all: 2,
  direction: 3,
  count: 5,
  subscription: 6,
  filter: 7,
  noFilter: 8,
  uuid: 9,
};
const OF_STREAM = { name: 1, revision: 2, start: 3, end: 4 };
const OF_ALL = { position: 1, start: 2, end: 3 };
const POSITION = { commit: 1, prepare: 2 };
const FILTER = { stream: 1, type: 2, max: 3, checkpointMultiplier: 5 };
const EXPRESSION = { regex: 1, prefix: 2 };
const UUID_AS_TEXT = 2;
const BACKWARDS = 1;

/** Types of the system's own events begin with a dollar sign. */
const NO_SYSTEM_EVENT = "^[^$].*";
/** How many events may pass by without a match before a checkpoint tells how far the store has read: one times the other. */
const SEARCH_WINDOW = 100;
const WINDOWS_PER_CHECKPOINT = 10;

/** What a follower of the whole log wants: every stream whose name begins with this. */
export const EVERYTHING = "";

/** Streams whose names begin with one of these, or events whose types do. */
export type Wanted = readonly string[] | { readonly types: readonly string[] };

/** `position` is exclusive; 0n stands for the start. */
export function encodeSubscription(wanted: Wanted, position: bigint): Buffer {
  return encodeOptions((writer) => {
    writer.uint32(nested(READ.all)).fork();
    if (position === 0n) {
      writeEmpty(writer, OF_ALL.start);
    } else {
      writer.uint32(nested(OF_ALL.position)).fork();
      writeUint64(writer, POSITION.commit, position);
      writeUint64(writer, POSITION.prepare, position);
      writer.ldelim();
    }
    writer.ldelim();
    writeEmpty(writer, READ.subscription);
    writer.uint32(nested(READ.filter)).fork();
    const [by, prefixes] = "types" in wanted ? [FILTER.type, wanted.types] : [FILTER.stream, wanted];
    if (prefixes.includes(EVERYTHING)) {
      writer.uint32(nested(FILTER.type)).fork();
      writer.uint32(nested(EXPRESSION.regex)).string(NO_SYSTEM_EVENT).ldelim();
    } else {
      writer.uint32(nested(by)).fork();
      for (const prefix of prefixes) writer.uint32(nested(EXPRESSION.prefix)).string(prefix);
      writer.ldelim();
    }
    writer.uint32(varint(FILTER.max)).uint32(SEARCH_WINDOW);
    writer.uint32(varint(FILTER.checkpointMultiplier)).uint32(WINDOWS_PER_CHECKPOINT);
    writer.ldelim();
  });
}

export interface StreamRead {
  readonly stream: string;
  /** Inclusive. */
  readonly from: bigint | "end";
  readonly backwards: boolean;
  readonly maxCount: number;
}

export function encodeStreamRead({ stream, from, backwards, maxCount }: StreamRead): Buffer {
  return encodeOptions((writer) => {
    writer.uint32(nested(READ.stream)).fork();
    writer.uint32(nested(OF_STREAM.name)).fork().uint32(nested(STREAM_NAME)).string(stream).ldelim();
    if (from === "end") writeEmpty(writer, OF_STREAM.end);
    else writeUint64(writer, OF_STREAM.revision, from);
    writer.ldelim();
    if (backwards) writer.uint32(varint(READ.direction)).uint32(BACKWARDS);
    writer.uint32(varint(READ.count)).uint64(maxCount);
    writeEmpty(writer, READ.noFilter);
  });
}

/** The last events of the whole log, the newest first, whoever wrote them. */
export function encodeHeadRead(maxCount: number): Buffer {
  return encodeOptions((writer) => {
    writer.uint32(nested(READ.all)).fork();
    writeEmpty(writer, OF_ALL.end);
    writer.ldelim();
    writer.uint32(varint(READ.direction)).uint32(BACKWARDS);
    writer.uint32(varint(READ.count)).uint64(maxCount);
    writeEmpty(writer, READ.noFilter);
  });
}

function encodeOptions(write: (writer: protobuf.Writer) => void): Buffer {
  const writer = protobuf.Writer.create();
  writer.uint32(nested(OPTIONS)).fork();
  write(writer);
  writer.uint32(nested(READ.uuid)).fork();
  writeEmpty(writer, UUID_AS_TEXT);
  writer.ldelim().ldelim();
  // In Node the writer allocates Buffers, which its type does not say.
  return writer.finish() as Buffer;
}

function writeEmpty(writer: protobuf.Writer, field: number): void {
  writer.uint32(nested(field)).uint32(0);
}

/** Positions of a real store are byte offsets, far below 2⁵³. */
function writeUint64(writer: protobuf.Writer, field: number, value: bigint): void {
  writer.uint32(varint(field)).uint64(Number(value));
}
