// ReadReq: one message asks for every kind of read and catch-up subscription.
import type { Direction, From } from "../../engine/event-log.ts";
import { type Reader, readInt64Bounded, readMessage, readNested, readStreamName } from "../../protobuf.ts";

const READ_REQ = { options: 1 } as const;
const OPTIONS = {
  stream: 1,
  all: 2,
  read_direction: 3,
  resolve_links: 4,
  count: 5,
  subscription: 6,
  filter: 7,
} as const;
const STREAM_OPTIONS = { stream_identifier: 1, revision: 2, end: 4 } as const;
const ALL_OPTIONS = { position: 1, end: 3 } as const;
const POSITION = { commit_position: 1 } as const;
const FILTER_OPTIONS = {
  stream_identifier: 1,
  event_type: 2,
  max: 3,
  checkpoint_interval_multiplier: 5,
} as const;
const EXPRESSION = { regex: 1, prefix: 2 } as const;
const BACKWARDS = 1;

const DEFAULT_SEARCH_WINDOW = 32;

/** A stream, or $all where there is no name. */
export interface ReadSource {
  readonly stream: string | undefined;
  readonly from: From;
}

interface Expression {
  readonly regex: string;
  readonly prefixes: readonly string[];
}

export interface FilterRequest extends Expression {
  readonly on: "stream" | "type";
  /** After how many events, matching or not, a checkpoint is due. */
  readonly checkpointInterval: number;
}

export interface ReadRequest {
  readonly source: ReadSource;
  readonly direction: Direction;
  readonly resolveLinks: boolean;
  /** How many events to read; undefined asks for a subscription. */
  readonly count: bigint | undefined;
  readonly filter: FilterRequest | undefined;
}

export function decodeReadRequest(bytes: Buffer): ReadRequest {
  let source: ReadSource | undefined;
  let direction: Direction = "forwards";
  let resolveLinks = false;
  let count: bigint | undefined = 0n;
  let filter: FilterRequest | undefined;
  const readOption = (field: number, reader: Reader): void => {
    switch (field) {
      case OPTIONS.stream:
        source = readStreamOptions(reader);
        break;
      case OPTIONS.all:
        source = { stream: undefined, from: readAllOptions(reader) };
        break;
      case OPTIONS.read_direction:
        direction = reader.uint32() === BACKWARDS ? "backwards" : "forwards";
        break;
      case OPTIONS.resolve_links:
        resolveLinks = reader.bool();
        break;
      case OPTIONS.count:
        count = readInt64Bounded(reader);
        break;
      case OPTIONS.subscription:
        count = undefined;
        break;
      case OPTIONS.filter:
        filter = readFilter(reader);
        break;
    }
  };
  readMessage(bytes, (field, reader) => {
    if (field === READ_REQ.options) readNested(reader, readOption);
  });
  if (source === undefined) throw new TypeError("a read names neither a stream nor $all");
  return { source, direction, resolveLinks, count, filter };
}

function readStreamOptions(reader: Reader): ReadSource {
  let stream = "";
  let from: From = "start";
  readNested(reader, (field) => {
    if (field === STREAM_OPTIONS.stream_identifier) stream = readStreamName(reader);
    if (field === STREAM_OPTIONS.revision) from = readInt64Bounded(reader);
    if (field === STREAM_OPTIONS.end) from = "end";
  });
  return { stream, from };
}

function readAllOptions(reader: Reader): From {
  let from: From = "start";
  readNested(reader, (field) => {
    if (field === ALL_OPTIONS.position) from = readPosition(reader);
    if (field === ALL_OPTIONS.end) from = "end";
  });
  return from;
}

/** Commit and prepare position are always equal here. */
function readPosition(reader: Reader): bigint {
  let position = 0n;
  readNested(reader, (field) => {
    if (field === POSITION.commit_position) position = readInt64Bounded(reader);
  });
  return position;
}

function readFilter(reader: Reader): FilterRequest {
  let on: FilterRequest["on"] = "stream";
  let expression: Expression = { regex: "", prefixes: [] };
  let searchWindow = DEFAULT_SEARCH_WINDOW;
  let multiplier = 1;
  readNested(reader, (field) => {
    switch (field) {
      case FILTER_OPTIONS.stream_identifier:
        expression = readExpression(reader);
        break;
      case FILTER_OPTIONS.event_type:
        on = "type";
        expression = readExpression(reader);
        break;
      case FILTER_OPTIONS.max:
        searchWindow = reader.uint32();
        break;
      case FILTER_OPTIONS.checkpoint_interval_multiplier:
        multiplier = reader.uint32();
        break;
    }
  });
  return { on, ...expression, checkpointInterval: Math.max(searchWindow * multiplier, 1) };
}

function readExpression(reader: Reader): Expression {
  let regex = "";
  const prefixes: string[] = [];
  readNested(reader, (field) => {
    if (field === EXPRESSION.regex) regex = reader.string();
    if (field === EXPRESSION.prefix) prefixes.push(reader.string());
  });
  return { regex, prefixes };
}
