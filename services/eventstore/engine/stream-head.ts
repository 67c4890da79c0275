// What the engine knows of a stream without reading its events, and which of them are still visible.
import { crc32 } from "node:zlib";

export interface StreamHead {
  readonly name: string;
  /** Position of the stream's first event, by which its rows are found; 0 until there is one. */
  readonly number: number;
  /** The last revision; -1 until there is an event. */
  readonly last: number;
  readonly life: "live" | "deleted" | "tombstoned";
  readonly retention: Retention;
}

/** `$tb`, `$maxCount` and `$maxAge` of the stream's metadata; 0 where there is no limit. */
export interface Retention {
  readonly truncateBefore: number;
  readonly maxCount: number;
  readonly maxAgeSeconds: number;
}

export const KEEP_ALL: Retention = { truncateBefore: 0, maxCount: 0, maxAgeSeconds: 0 };

/** Whether its events alone say everything about it. */
export function isOrdinary({ life, retention }: StreamHead): boolean {
  const { truncateBefore, maxCount, maxAgeSeconds } = retention;
  return life === "live" && truncateBefore === 0 && maxCount === 0 && maxAgeSeconds === 0;
}

export function newStream(name: string): StreamHead {
  return { name, number: 0, last: -1, life: "live", retention: KEEP_ALL };
}

/** The real server keeps the metadata of a stream as an ordinary stream beside it. */
export function metastreamOf(stream: string): string {
  return `$$${stream}`;
}

export function isMetastream(stream: string): boolean {
  return stream.startsWith("$$");
}

export function originalOf(metastream: string): string {
  return metastream.slice(2);
}

/** The lowest revision that a reader may see, age aside. */
export function firstVisible({ name, last, retention }: StreamHead): number {
  const maxCount = isMetastream(name) ? 1 : retention.maxCount;
  const firstKept = maxCount > 0 ? last - maxCount + 1 : 0;
  return Math.max(0, firstKept, retention.truncateBefore);
}

/** Covers the whole row, so that damage is noticed before anything is decided by it. */
export function checksumOf({ name, number, last, life, retention }: StreamHead): number {
  const { truncateBefore, maxCount, maxAgeSeconds } = retention;
  return crc32(`${number} ${last} ${life} ${truncateBefore} ${maxCount} ${maxAgeSeconds} ${name}`);
}
