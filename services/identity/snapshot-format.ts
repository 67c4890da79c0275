import { createHash } from "node:crypto";
import type { Split } from "#domain/identity/merges.ts";
import type { People } from "#domain/identity/people.ts";
import type { Columns } from "#domain/identity/records.ts";

// A checksum of all that follows, a header, the columns one after the other.

/** Raised with every change of the columns or of how traits become numbers. */
export const FORMAT = 1;

const HEADER_WORDS = 2;
const CHECKSUM_BYTES = 32;

export function toBytes({ columns, merges }: People): Buffer {
  const { count, ids, traits, owners, parents, forgotten } = columns;
  const body = Buffer.concat([
    bytesOf(Uint32Array.of(count, merges.splits.length)),
    bytesOf(ids.subarray(0, count * 4)),
    bytesOf(traits.subarray(0, count * 6)),
    bytesOf(owners.subarray(0, count)),
    bytesOf(parents.subarray(0, count)),
    bytesOf(Uint32Array.from(merges.splits.flat())),
    bytesOf(forgotten.subarray(0, count)),
  ]);
  return Buffer.concat([checksumOf(body), body]);
}

/** Undefined when it is not whole. */
export function fromBytes(
  stored: Buffer,
): { readonly columns: Columns; readonly splits: readonly Split[] } | undefined {
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
  const [count = 0, splitCount = 0] = words(HEADER_WORDS);
  const ids = words(count * 4);
  const traits = words(count * 6);
  const [owners, parents, pairs] = [words(count), words(count), words(splitCount * 2)];
  const forgotten = bytes.subarray(at, at + count);
  const splits = Array.from(
    { length: splitCount },
    (_, n): Split => [pairs[n * 2] ?? 0, pairs[n * 2 + 1] ?? 0],
  );
  return { columns: { count, ids, traits, owners, parents, forgotten }, splits };
}

const bytesOf = (words: Uint32Array | Uint8Array): Buffer =>
  Buffer.from(words.buffer, words.byteOffset, words.byteLength);

const checksumOf = (body: Buffer): Buffer => createHash("sha256").update(body).digest();
