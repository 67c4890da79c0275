// The master key wraps the others. Several may be known at once while one replaces another.
import { createHmac, hkdfSync } from "node:crypto";
import { openWith, type Sealed, sealWith } from "./seal.ts";

export interface MasterKeys {
  /** The id of the one that wraps new keys. */
  readonly currentId: string;
  wrap(keyId: string, key: Buffer): string;
  /** Throws when it was wrapped under a master key that is not known here. */
  unwrap(keyId: string, wrapped: string): Buffer;
  /** A secret that the newest master key gives again and again, for one purpose. */
  derive(purpose: string): Buffer;
}

const derived = (master: Buffer, purpose: string): Buffer =>
  Buffer.from(hkdfSync("sha256", master, "", `switchyard ${purpose}`, 32));

/** Tells master keys apart without giving anything of them away. */
const idOf = (master: Buffer): string =>
  createHmac("sha256", derived(master, "id")).update("master").digest("base64url").slice(0, 12);

export class UnknownMasterKey extends Error {
  override name = "UnknownMasterKey";
}

export function createMasterKeys(current: Buffer, previous: readonly Buffer[]): MasterKeys {
  const byId = new Map([...previous, current].map((master) => [idOf(master), derived(master, "wrap")]));
  const currentId = idOf(current);
  const wrapping = derived(current, "wrap");
  return {
    currentId,
    wrap: (keyId, key) => JSON.stringify(sealWith(wrapping, currentId, key.toString("base64"), keyId)),
    unwrap(keyId, wrapped) {
      const sealed = JSON.parse(wrapped) as Sealed;
      const master = byId.get(sealed.key);
      if (!master) throw new UnknownMasterKey(`${keyId} is wrapped under another master key, ${sealed.key}`);
      return Buffer.from(String(openWith(master, sealed, keyId)), "base64");
    },
    derive: (purpose) => derived(current, purpose),
  };
}
