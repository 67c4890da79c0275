// HMAC-SHA256 (RFC 2104) out of two one-shot hashes. Node's own makes an object for each value, which takes twice the time of the hashing,
// and values are compared by it for each member, delivery and address.
import { hash } from "node:crypto";

const BLOCK = 64;
const DIGEST = 32;
const [INNER, OUTER] = [0x36, 0x5c];
/** Longer texts get a buffer of their own. */
const MAX_AT_HAND = 1_024;
/** Of one character of a text in UTF-8. */
const MAX_BYTES = 3;

/** The key has at most 64 bytes. */
export function hmacSha256(key: Uint8Array): (text: string) => string {
  const padded = (size: number, pad: number): Buffer => {
    const block = Buffer.alloc(size, pad);
    for (const [n, byte] of key.entries()) block[n] = byte ^ pad;
    return block;
  };
  if (key.length > BLOCK) throw new Error(`a key of ${key.length} bytes is longer than ${BLOCK}`);
  const inner = padded(BLOCK + MAX_AT_HAND, INNER);
  const outer = padded(BLOCK + DIGEST, OUTER);

  function innerOf(text: string): Buffer {
    if (text.length * MAX_BYTES > MAX_AT_HAND)
      return Buffer.concat([inner.subarray(0, BLOCK), Buffer.from(text)]);
    return inner.subarray(0, BLOCK + inner.write(text, BLOCK));
  }
  return (text) => {
    outer.write(hash("sha256", innerOf(text), "hex"), BLOCK, "hex");
    return hash("sha256", outer, "base64url");
  };
}
