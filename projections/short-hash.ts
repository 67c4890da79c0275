// A fingerprint as read models keep it for looking up: eight of its bytes. An index over whole fingerprints is five times as large, is
// written at random places, and soon no longer fits the memory of PostgreSQL. That any two of a billion values share these eight bytes
// has a chance of one in forty.
const SIZE = 8;
const bytes = Buffer.alloc(SIZE);

/** As PostgreSQL's bigint. */
export function shortHash(fingerprint: string): bigint {
  bytes.fill(0);
  bytes.write(fingerprint, "base64url");
  return bytes.readBigInt64BE();
}
