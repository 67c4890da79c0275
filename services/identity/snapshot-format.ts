import { createHash } from "node:crypto";
import type { Apart } from "#domain/identity/households.ts";
import type { People } from "#domain/identity/people.ts";
import type { Columns } from "#domain/identity/records.ts";

// Header, the columns one after the other, the pairs told apart; all sealed by a checksum.

/** Raised with every change of the columns or of how traits become numbers. */
export const FORMAT = 1;

const HEADER_WORDS = 2;
const CHECKSUM_BYTES = 32;

export function columnsOf({ columns, households }: People): Buffer {
  const { count, ids, traits, owners, parents, forgotten } = columns;
  const apart = Uint32Array.from(households.apart.flat());
  const body = Buffer.concat([
    bytesOf(Uint32Array.of(count, households.apart.length)),
    bytesOf(ids.subarray(0, count * 4)),
    bytesOf(traits.subarray(0, count * 6)),
    bytesOf(owners.subarray(0, count)),
    bytesOf(parents.subarray(0, count)),
    bytesOf(apart),
    bytesOf(forgotten.subarray(0, count)),
  ]);
  return Buffer.concat([checksumOf(body), body]);
}

/** Undefined when it is not whole. */
export function columnsFrom(
  stored: Buffer,
): { readonly columns: Columns; readonly apart: readonly Apart[] } | undefined {
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
  const [count = 0, told = 0] = words(HEADER_WORDS);
  const ids = words(count * 4);
  const traits = words(count * 6);
  const [owners, parents, pairs] = [words(count), words(count), words(told * 2)];
  const forgotten = bytes.subarray(at, at + count);
  const apart = Array.from({ length: told }, (_, n): Apart => [pairs[n * 2] ?? 0, pairs[n * 2 + 1] ?? 0]);
  return { columns: { count, ids, traits, owners, parents, forgotten }, apart };
}

const bytesOf = (words: Uint32Array | Uint8Array): Buffer =>
  Buffer.from(words.buffer, words.byteOffset, words.byteLength);

const checksumOf = (body: Buffer): Buffer => createHash("sha256").update(body).digest();
