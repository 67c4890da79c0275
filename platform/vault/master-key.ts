// Master keys wrap the others. A process may know several: any of them reads, and the database says which one wraps.
import { createHmac, createSecretKey, hkdfSync, type KeyObject } from "node:crypto";
import { openWith, type Sealed, sealWith } from "./seal.ts";

export interface MasterKeys {
  /** The id of the one that the configuration prefers. */
  readonly currentId: string;
  /** Of all that are known now. */
  ids(): readonly string[];
  /** Throws UnknownMasterKey, as the next two do. */
  demand(masterId: string): void;
  wrap(masterId: string, keyId: string, key: Buffer): string;
  unwrap(keyId: string, wrapped: string): Buffer;
  /** A secret that the preferred master key gives again and again, for one purpose. */
  derive(purpose: string): Buffer;
}

export interface MasterKeysOptions {
  readonly current: Buffer;
  readonly readable?: readonly Buffer[];
  /** Asked when a key is wrapped under none of the others: one may have come since the start. */
  readonly further?: () => readonly Buffer[];
}

const derived = (master: Buffer, purpose: string): Buffer =>
  Buffer.from(hkdfSync("sha256", master, "", `switchyard ${purpose}`, 32));

/** Tells master keys apart without giving anything of them away. */
const idOf = (master: Buffer): string =>
  createHmac("sha256", derived(master, "id")).update("master").digest("base64url").slice(0, 12);

/** Not a fault of what was to be opened: it can be, as soon as this process is given the key. */
export class UnknownMasterKey extends Error {
  override name = "UnknownMasterKey";
  readonly masterId: string;

  constructor(masterId: string, known: readonly string[]) {
    super(
      `the keys of the vault are wrapped under the master key with the id ${masterId}, and ${known.length === 0 ? "none" : `only ${known.join(", ")}`} is known here; ` +
        "give it as MASTER_KEY or MASTER_KEY_FILE, or among MASTER_KEYS_READABLE",
    );
    this.masterId = masterId;
  }
}

export function createMasterKeys({
  current,
  readable = [],
  further = () => [],
}: MasterKeysOptions): MasterKeys {
  const wrapping = new Map<string, KeyObject>();
  const learn = (masters: readonly Buffer[]): void => {
    // As objects: from bytes, each use would make one anew, which takes three times as long as the use.
    for (const master of masters) wrapping.set(idOf(master), createSecretKey(derived(master, "wrap")));
  };
  learn([...readable, current]);

  function find(masterId: string): KeyObject {
    if (!wrapping.has(masterId)) learn(further());
    const found = wrapping.get(masterId);
    if (found === undefined) throw new UnknownMasterKey(masterId, [...wrapping.keys()]);
    return found;
  }

  return {
    currentId: idOf(current),
    ids: () => [...wrapping.keys()],
    demand: (masterId) => void find(masterId),
    wrap: (masterId, keyId, key) =>
      JSON.stringify(sealWith(find(masterId), masterId, key.toString("base64"), keyId)),
    unwrap(keyId, wrapped) {
      const sealed = JSON.parse(wrapped) as Sealed;
      return Buffer.from(String(openWith(find(sealed.key), sealed, keyId)), "base64");
    },
    derive: (purpose) => derived(current, purpose),
  };
}
