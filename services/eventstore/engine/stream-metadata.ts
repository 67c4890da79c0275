// The JSON of events in `$$stream`: read leniently, as the real server does, because any client may write them.
import { KEEP_ALL, type StreamHead } from "./stream-head.ts";

/** The greatest revision as `$tb` marks a soft-deleted stream. JSON numbers of this size do not survive a double. */
export const DELETED_METADATA = Buffer.from('{"$tb":9223372036854775807}');

type Metadata = Readonly<Record<string, unknown>>;

function parse(json: Uint8Array): Metadata | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(json).toString());
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Metadata)
      : undefined;
  } catch {
    return undefined;
  }
}

/** The stream once this metadata applies to it. */
export function withMetadata(head: StreamHead, contentType: string, json: Uint8Array): StreamHead {
  const metadata = contentType === "application/json" ? parse(json) : undefined;
  if (metadata === undefined) return { ...head, life: "live", retention: KEEP_ALL };
  const deleted = Number(metadata.$tb) > Number.MAX_SAFE_INTEGER;
  const retention = {
    truncateBefore: deleted ? head.last + 1 : positiveInteger(metadata.$tb),
    maxCount: positiveInteger(metadata.$maxCount),
    maxAgeSeconds: positiveInteger(metadata.$maxAge),
  };
  return { ...head, life: deleted ? "deleted" : "live", retention };
}

function positiveInteger(value: unknown): number {
  return Number.isSafeInteger(value) && (value as number) > 0 ? (value as number) : 0;
}

/** The metadata of a deleted stream that lives again: its other settings, with everything older hidden. */
export function recreatedMetadata(json: Uint8Array, truncateBefore: number): Buffer | undefined {
  const metadata = parse(json);
  return metadata && Buffer.from(JSON.stringify({ ...metadata, $tb: truncateBefore }));
}
