// The JSON of `$$stream` events: read leniently, as the real server does, because any client may write them.
import { KEEP_ALL, type Retention, type StreamHead } from "./stream-head.ts";

/** `$tb` of a soft-deleted stream: the greatest revision. JSON numbers of this size do not survive a double. */
const EVERYTHING = "9223372036854775807";

export const DELETED_METADATA = Buffer.from(`{"$tb":${EVERYTHING}}`);

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

/** The stream as its new metadata makes it. */
export function governedBy(head: StreamHead, contentType: string, json: Uint8Array): StreamHead {
  const metadata = contentType === "application/json" ? parse(json) : undefined;
  if (metadata === undefined) return { ...head, life: "live", retention: KEEP_ALL };
  const deleted = Number(metadata.$tb) > Number.MAX_SAFE_INTEGER;
  const retention: Retention = {
    truncateBefore: deleted ? head.last + 1 : wholeNumber(metadata.$tb),
    maxCount: wholeNumber(metadata.$maxCount),
    maxAgeSeconds: wholeNumber(metadata.$maxAge),
  };
  return { ...head, life: deleted ? "deleted" : "live", retention };
}

function wholeNumber(value: unknown): number {
  return Number.isSafeInteger(value) && (value as number) > 0 ? (value as number) : 0;
}

/** The metadata of a deleted stream that lives again: what it was, with everything older hidden. */
export function recreatedFrom(json: Uint8Array, truncateBefore: number): Buffer | undefined {
  const metadata = parse(json);
  return metadata && Buffer.from(JSON.stringify({ ...metadata, $tb: truncateBefore }));
}
