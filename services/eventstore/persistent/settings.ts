// What a persistent subscription is: a named group of consumers that share one reading of a stream or of $all.

export const ALL = "$all";

export const strategies = ["RoundRobin", "DispatchToSingle", "Pinned", "PinnedByCorrelation"] as const;
export type Strategy = (typeof strategies)[number];

export interface Settings {
  readonly resolveLinks: boolean;
  readonly extraStatistics: boolean;
  /** How long a consumer may hold a message; 0 is for ever. */
  readonly messageTimeoutMs: number;
  readonly maxRetryCount: number;
  readonly checkpointAfterMs: number;
  readonly minCheckpointCount: number;
  readonly maxCheckpointCount: number;
  /** 0 is as many as come. */
  readonly maxSubscriberCount: number;
  readonly liveBufferSize: number;
  readonly historyBufferSize: number;
  readonly readBatchSize: number;
  readonly strategy: Strategy;
}

/** A revision of the stream, or a position where the source is $all; inclusive. */
export type StartFrom = bigint | "start" | "end";

export interface SourceFilter {
  readonly on: "stream" | "type";
  readonly regex: string;
  readonly prefixes: readonly string[];
}

export interface GroupName {
  /** A stream's name or `$all`. */
  readonly source: string;
  readonly group: string;
}

export interface Definition extends GroupName {
  readonly settings: Settings;
  readonly startFrom: StartFrom;
  /** What `startFrom` meant when it was said: without a checkpoint, reading begins behind this place. */
  readonly resumeAfter: bigint;
  readonly filter: SourceFilter | undefined;
}

export function keyOf({ source, group }: GroupName): string {
  return `${source}::${group}`;
}

/** How places are written in checkpoints and statistics: a revision, or a position in $all. */
export function placeText(source: string, place: bigint): string {
  return source === ALL ? `C:${place}/P:${place}` : place.toString();
}

export function parsePlace(text: string): bigint | undefined {
  const [, digits] = /^(?:C:)?(-?\d+)(?:\/P:-?\d+)?$/.exec(text) ?? [];
  return digits === undefined ? undefined : BigInt(digits);
}

export function startText(source: string, startFrom: StartFrom): string {
  if (startFrom === "start") return placeText(source, 0n);
  if (startFrom === "end") return placeText(source, -1n);
  return placeText(source, startFrom);
}
