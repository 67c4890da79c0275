// ReadReq: one message asks for every kind of read and catch-up subscription.
import type { Direction } from "../../engine/event-log.ts";
import {
  ALL_OPTIONS,
  EXPRESSION,
  FILTER_OPTIONS,
  POSITION,
  READ_OPTIONS,
  READ_REQ,
  STREAM_OPTIONS,
} from "./fields.ts";
import { readStreamName } from "./target.ts";
import type { Reader } from "./wire.ts";
import { readInt64Bounded, readMessage, readNested } from "./wire.ts";

/** A revision in a stream or a position in $all. */
type From = bigint | "start" | "end";

/** A stream, or $all where there is no name. */
export interface ReadSource {
  readonly stream: string | undefined;
  readonly from: From;
}

export interface FilterRequest {
  readonly on: "stream" | "type";
  readonly regex: string;
  readonly prefixes: readonly string[];
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

const DEFAULT_SEARCH_WINDOW = 32;
const BACKWARDS = 1;

export function decodeReadRequest(bytes: Buffer): ReadRequest {
  let source: ReadSource | undefined;
  let direction: Direction = "forwards";
  let resolveLinks = false;
  let count: bigint | undefined = 0n;
  let filter: FilterRequest | undefined;
  const readOptions = (field: number, reader: Reader): void => {
    switch (field) {
      case READ_OPTIONS.stream:
        source = readStreamOptions(reader);
        break;
      case READ_OPTIONS.all:
        source = { stream: undefined, from: readAllOptions(reader) };
        break;
      case READ_OPTIONS.read_direction:
        direction = reader.uint32() === BACKWARDS ? "backwards" : "forwards";
        break;
      case READ_OPTIONS.resolve_links:
        resolveLinks = reader.bool();
        break;
      case READ_OPTIONS.count:
        count = readInt64Bounded(reader);
        break;
      case READ_OPTIONS.subscription:
        count = undefined;
        break;
      case READ_OPTIONS.filter:
        filter = readFilter(reader);
        break;
    }
  };
  readMessage(bytes, (field, reader) => {
    if (field === READ_REQ.options) readNested(reader, readOptions);
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
  let expression = { regex: "", prefixes: [] as string[] };
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

function readExpression(reader: Reader): { regex: string; prefixes: string[] } {
  const expression = { regex: "", prefixes: [] as string[] };
  readNested(reader, (field) => {
    if (field === EXPRESSION.regex) expression.regex = reader.string();
    if (field === EXPRESSION.prefix) expression.prefixes.push(reader.string());
  });
  return expression;
}
