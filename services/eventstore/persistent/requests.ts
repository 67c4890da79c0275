// What clients ask about groups, read from the messages of the protocol.
import type {
  CreateReq,
  DeleteReq,
  GetInfoReq,
  ListReq,
  ReplayParkedReq,
  UpdateReq,
} from "@eventstore/db-client/generated/persistent_pb.js";
import type { StreamIdentifier } from "@eventstore/db-client/generated/shared_pb.js";
import { invalidArgument } from "../protocol/refusals.ts";
import type { GroupName, Settings, SourceFilter, StartFrom, Strategy } from "./settings.ts";
import { ALL, strategies } from "./settings.ts";
import type { Wish } from "./subsystem.ts";

type DefiningReq = CreateReq | UpdateReq;
type DefiningOptions = CreateReq.Options | UpdateReq.Options;
type SettingsMessage = CreateReq.Settings | UpdateReq.Settings;

/** How the protocol numbers the strategies in the field that clients still use. */
const STRATEGY_NUMBERS: readonly Strategy[] = ["DispatchToSingle", "RoundRobin", "Pinned"];
/** What a stream's revision says when it means the end. */
const END_REVISION = (2n ** 64n - 1n).toString();
const TICKS_PER_MS = 10_000;
const INT64_MAX = 2n ** 63n - 1n;

export function readDefinition(request: DefiningReq): Wish {
  const options = given(request.getOptions());
  const settings = given(options.getSettings());
  const source = options.hasAll()
    ? ALL
    : streamName(options.getStreamIdentifier() ?? options.getStream()?.getStreamIdentifier());
  if (source === ALL && !options.hasAll()) throw invalidArgument("$all is asked for by its own option.");
  return {
    source,
    group: options.getGroupName(),
    settings: readSettings(settings),
    startFrom: options.hasAll() ? startInAll(options) : startInStream(options, settings),
    filter: readFilter(options),
  };
}

function startInAll(options: DefiningOptions): StartFrom {
  const all = given(options.getAll());
  const position = all.getPosition();
  if (position) return bounded(position.getCommitPosition());
  return all.hasEnd() ? "end" : "start";
}

/** Newer clients say it in the options of the stream, older ones in the settings. */
function startInStream(options: DefiningOptions, settings: SettingsMessage): StartFrom {
  const stream = options.getStream();
  if (stream?.hasEnd()) return "end";
  if (stream?.hasStart()) return "start";
  const revision = stream?.hasRevision() ? stream.getRevision() : settings.getRevision();
  if (revision === END_REVISION) return "end";
  return revision === "0" ? "start" : bounded(revision);
}

function bounded(place: string): bigint {
  const value = BigInt(place);
  return value > INT64_MAX ? INT64_MAX : value;
}

function readFilter(options: DefiningOptions): SourceFilter | undefined {
  const all = options.getAll();
  const filter = all && "getFilter" in all ? all.getFilter() : undefined;
  if (!filter) return undefined;
  const onType = filter.getEventType();
  const expression = onType ?? filter.getStreamIdentifier();
  return {
    on: onType ? "type" : "stream",
    regex: expression?.getRegex() ?? "",
    prefixes: expression?.getPrefixList() ?? [],
  };
}

function readSettings(message: SettingsMessage): Settings {
  return {
    resolveLinks: message.getResolveLinks(),
    extraStatistics: message.getExtraStatistics(),
    messageTimeoutMs: message.hasMessageTimeoutTicks()
      ? Math.round(Number(message.getMessageTimeoutTicks()) / TICKS_PER_MS)
      : counted("message timeout", message.getMessageTimeoutMs()),
    maxRetryCount: counted("maximum retry count", message.getMaxRetryCount()),
    checkpointAfterMs: message.hasCheckpointAfterTicks()
      ? Math.round(Number(message.getCheckpointAfterTicks()) / TICKS_PER_MS)
      : counted("checkpoint interval", message.getCheckpointAfterMs()),
    minCheckpointCount: counted("minimum checkpoint count", message.getMinCheckpointCount()),
    maxCheckpointCount: counted("maximum checkpoint count", message.getMaxCheckpointCount()),
    maxSubscriberCount: counted("maximum subscriber count", message.getMaxSubscriberCount()),
    liveBufferSize: counted("live buffer size", message.getLiveBufferSize()),
    historyBufferSize: counted("history buffer size", message.getHistoryBufferSize()),
    readBatchSize: counted("read batch size", message.getReadBatchSize()),
    strategy: readStrategy(message),
  };
}

function readStrategy(message: SettingsMessage): Strategy {
  const named = "getConsumerStrategy" in message ? message.getConsumerStrategy() : "";
  const strategy =
    named === ""
      ? STRATEGY_NUMBERS[message.getNamedConsumerStrategy()]
      : strategies.find((one) => one.toLowerCase() === named.toLowerCase());
  if (!strategy) throw invalidArgument(`There is no consumer strategy '${named}'.`);
  return strategy;
}

function counted(what: string, value: number): number {
  if (value < 0) throw invalidArgument(`The ${what} can't be negative.`);
  return value;
}

export function readName(request: DeleteReq | GetInfoReq | ReplayParkedReq): GroupName {
  const options = given(request.getOptions());
  const source = options.hasAll() ? ALL : streamName(options.getStreamIdentifier());
  return { source, group: options.getGroupName() };
}

/** How many of the parked messages there ever were to count up to; undefined for all. */
export function readStopAt(request: ReplayParkedReq): bigint | undefined {
  const options = given(request.getOptions());
  return options.hasStopAt() ? BigInt(options.getStopAt()) : undefined;
}

/** Undefined asks for every group of the server. */
export function readListedSource(request: ListReq): string | undefined {
  const listed = request.getOptions()?.getListForStream();
  if (!listed) return undefined;
  return listed.hasAll() ? ALL : streamName(listed.getStream());
}

function streamName(identifier: StreamIdentifier | undefined): string {
  return Buffer.from(identifier?.getStreamName_asU8() ?? []).toString("utf8");
}

function given<T>(part: T | undefined): T {
  if (part === undefined) throw invalidArgument("The request misses its options.");
  return part;
}
