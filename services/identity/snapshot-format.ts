import { createHash } from "node:crypto";
import type { Split } from "#domain/identity/merges.ts";
import type { People } from "#domain/identity/people.ts";
import type { Columns } from "#domain/identity/records.ts";
import type { RepeatColumns } from "#domain/identity/repeats.ts";

// A checksum of all that follows, a header, the columns one after the other.

/** Raised with every change of the columns or of how traits become numbers. */
export const FORMAT = 2;

const HEADER_WORDS = 3;
const CHECKSUM_BYTES = 32;

export function toBytes({ columns, repeats, merges }: People): Buffer {
  const { count, ids, traits, owners, parents, forgotten, ordinals, leads } = columns;
  const body = Buffer.concat([
    bytesOf(Uint32Array.of(count, merges.splits.length, repeats.count)),
    bytesOf(ids.subarray(0, count * 4)),
    bytesOf(traits.subarray(0, count * 6)),
    bytesOf(owners.subarray(0, count)),
    bytesOf(parents.subarray(0, count)),
    bytesOf(ordinals.subarray(0, count)),
    bytesOf(leads.subarray(0, count)),
    bytesOf(Uint32Array.from(merges.splits.flat())),
    bytesOf(repeats.ids.subarray(0, repeats.count * 2)),
    bytesOf(repeats.ordinals.subarray(0, repeats.count)),
    bytesOf(forgotten.subarray(0, count)),
  ]);
  return Buffer.concat([checksumOf(body), body]);
}

export interface StoredIndex {
  readonly columns: Columns;
  readonly splits: readonly Split[];
  readonly repeats: RepeatColumns;
}

/** Undefined when it is not whole. */
export function fromBytes(stored: Buffer): StoredIndex | undefined {
  const body = stored.subarray(CHECKSUM_BYTES);
  if (!checksumOf(body).equals(stored.subarray(0, CHECKSUM_BYTES))) return undefined;
  // Copied, so that words begin where a word may begin.
  const bytes = new Uint8Array(body);
  let at = 0;
  const words = (length: number): Uint32Array => {
    const column = new Uint32Array(bytes.buffer, at, length);
    at += column.byteLength;
    return column;
  };
  const [count = 0, splitCount = 0, repeatCount = 0] = words(HEADER_WORDS);
  const ids = words(count * 4);
  const traits = words(count * 6);
  const [owners, parents] = [words(count), words(count)];
  const [ordinals, leads] = [words(count), words(count)];
  const pairs = words(splitCount * 2);
  const repeats = { count: repeatCount, ids: words(repeatCount * 2), ordinals: words(repeatCount) };
  const forgotten = bytes.subarray(at, at + count);
  const splits = Array.from(
    { length: splitCount },
    (_, n): Split => [pairs[n * 2] ?? 0, pairs[n * 2 + 1] ?? 0],
  );
  return { columns: { count, ids, traits, owners, parents, forgotten, ordinals, leads }, splits, repeats };
}

const bytesOf = (words: Uint32Array | Uint8Array): Buffer =>
  Buffer.from(words.buffer, words.byteOffset, words.byteLength);

const checksumOf = (body: Buffer): Buffer => createHash("sha256").update(body).digest();
