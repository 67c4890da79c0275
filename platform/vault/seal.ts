// One sealed value: AES-256-GCM over JSON, bound to the place where it stands.
import { type CipherKey, createCipheriv, createDecipheriv, randomFillSync } from "node:crypto";

/** The id of the key that opens it, and parts in base64. */
export interface Sealed {
  readonly key: string;
  readonly iv: string;
  readonly tag: string;
  readonly data: string;
}

const CIPHER = "aes-256-gcm";

/** The key's id is bound in too, so that nobody can pass off one person's data as another's. */
const bound = (keyId: string, context: string): Buffer => Buffer.from(JSON.stringify([keyId, context]));

const IV_BYTES = 12;
/** Random bytes cost as much by the dozen as by the thousand; each is used once. */
const random = Buffer.alloc(IV_BYTES * 512);
let used = random.length;

/** Stands only until the next but 511th is asked for. */
function freshIv(): Buffer {
  if (used === random.length) {
    randomFillSync(random);
    used = 0;
  }
  used += IV_BYTES;
  return random.subarray(used - IV_BYTES, used);
}

export function sealWith(key: CipherKey, keyId: string, value: unknown, context: string): Sealed {
  const iv = freshIv();
  const cipher = createCipheriv(CIPHER, key, iv).setAAD(bound(keyId, context));
  // As bytes: a cipher that gives texts makes a decoder for each. In this mode nothing is left over for the end.
  const data = cipher.update(Buffer.from(JSON.stringify(value))).toString("base64");
  cipher.final();
  return { key: keyId, iv: iv.toString("base64"), tag: cipher.getAuthTag().toString("base64"), data };
}

/** Throws when anything was changed, or it stands elsewhere than where it was sealed for. */
export function openWith(key: CipherKey, sealed: Sealed, context: string): unknown {
  const cipher = createDecipheriv(CIPHER, key, Buffer.from(sealed.iv, "base64"), { authTagLength: 16 })
    .setAAD(bound(sealed.key, context))
    .setAuthTag(Buffer.from(sealed.tag, "base64"));
  // As bytes: a cipher that gives texts makes a decoder for each, which takes a third of the time.
  const bytes = cipher.update(Buffer.from(sealed.data, "base64"));
  cipher.final();
  return JSON.parse(bytes.toString("utf8"));
}

/** It was changed, stands elsewhere than where it was sealed for, or its key can't be read: nobody opens it any more. */
export class SealDamaged extends Error {
  override name = "SealDamaged";

  constructor(keyId: string) {
    super(`what is sealed under ${keyId} was changed or moved, or the key is damaged`);
  }
}

/** SealDamaged where openWith throws. */
export function openIfWhole(key: CipherKey, sealed: Sealed, context: string): unknown {
  try {
    return openWith(key, sealed, context);
  } catch {
    return new SealDamaged(sealed.key);
  }
}
