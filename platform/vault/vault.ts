// Personal data is kept sealed; forgetting somebody is destroying a key.
import { createHmac, createSecretKey, type KeyObject, randomBytes } from "node:crypto";
import type { Database } from "../database.ts";
import { every } from "../every.ts";
import type { Lifecycle } from "../lifecycle.ts";
import type { Log } from "../log.ts";
import { wrappingOf } from "./copy-keys.ts";
import { createKeyCache } from "./key-cache.ts";
import { DESTROYED_CHANNEL, type Key, openKeyStore } from "./key-store.ts";
import { createMasterKeys, UnknownMasterKey } from "./master-key.ts";
import { type Purged, purgeDestroyed } from "./purge.ts";
import { openIfWhole, SealDamaged, type Sealed, sealWith } from "./seal.ts";

export { SealDamaged, type Sealed } from "./seal.ts";

export interface ToSeal {
  readonly key: string;
  readonly value: unknown;
  readonly context: string;
}

export interface Vault {
  /**
   * Makes those keys that do not exist and were never destroyed, in one statement; all processes get the same ones. Gives those that
   * are damaged: nothing can be sealed under them.
   */
  ensureKeys(keyIds: readonly string[]): Promise<readonly string[]>;
  /** `context` says where the value stands, such as "submission-<id>"; it opens nowhere else. Makes the key if need be. */
  seal(keyId: string, value: unknown, context: string): Promise<Sealed>;
  /** The same at once when the key is at hand, else undefined. */
  sealCached(keyId: string, value: unknown, context: string): Sealed | undefined;
  /**
   * Many, each under a key of its own, with one look-up of keys; in the order given, undefined where the key was destroyed. The keys
   * are not kept at hand: nobody needs them again soon, and there may be more than there is room for.
   */
  sealMany(items: readonly ToSeal[]): Promise<(Sealed | undefined)[]>;
  /** Brings keys to hand before many values are opened or sealed with them. */
  fetchKeys(keyIds: readonly string[]): Promise<void>;
  /** Undefined when the key is destroyed. Throws SealDamaged when it was tampered with or stands elsewhere. */
  open(sealed: Sealed, context: string): Promise<unknown | undefined>;
  /** Many with one look-up of keys, in the order given; SealDamaged stands in the place of one that would make open() throw. */
  openMany(
    items: readonly { readonly sealed: Sealed; readonly context: string }[],
  ): Promise<(unknown | undefined)[]>;
  /** The same for readers that only show: one that can't be opened is undefined, whatever the reason. */
  openReadable(
    items: readonly { readonly sealed: Sealed; readonly context: string }[],
  ): Promise<(unknown | undefined)[]>;
  /** Those of these that exist, neither unknown nor destroyed. */
  existing(keyIds: readonly string[]): Promise<string[]>;
  /** Gone for good here at once, and in every other process within seconds. */
  destroy(keyIds: readonly string[]): Promise<void>;
  /** Keys that a restore found destroyed elsewhere, or destroyed before the log could say so. */
  toForget(): Promise<string[]>;
  /** The log says so now of these. */
  forgot(keyIds: readonly string[]): Promise<void>;
  /** Removes what is left of destroyed keys in the database's files; takes seconds, and locks a part of the keys meanwhile. */
  purge(): Promise<Purged>;
  /** A keyed hash, for comparing values without keeping them; `domain` keeps e-mail apart from phone. */
  fingerprint(domain: string, value: string): string;
  /** Throws UnknownMasterKey when keys are wrapped under one now that this process does not know. */
  check(): Promise<void>;
}

/** The key was destroyed, so nothing may be sealed under it again. */
export class KeyDestroyed extends Error {
  override name = "KeyDestroyed";
  readonly keyId: string;

  constructor(keyId: string) {
    super(`the key ${keyId} is destroyed`);
    this.keyId = keyId;
  }
}

export interface VaultOptions {
  readonly database: Database;
  readonly masterKey: Buffer;
  /** Others that keys may be wrapped under. */
  readonly readableMasterKeys?: readonly Buffer[];
  /** Asked for more when a key is wrapped under none of these. */
  readonly furtherMasterKeys?: () => readonly Buffer[];
  readonly log: Log;
  readonly lifecycle?: Lifecycle;
}

/** Throws UnknownMasterKey where keys are wrapped under one that is neither kept nor given as readable. */
export async function demandWrapping({
  database,
  readableMasterKeys = [],
  furtherMasterKeys = () => [],
}: Omit<VaultOptions, "masterKey" | "log">): Promise<void> {
  const wrapping = await wrappingOf(database);
  if (wrapping === undefined) return;
  const known = [...readableMasterKeys, ...furtherMasterKeys()];
  const ids = known.map((current) => createMasterKeys({ current }).currentId);
  if (!ids.includes(wrapping)) throw new UnknownMasterKey(wrapping, ids);
}

/** Even where no notification of its destruction arrives, a key is forgotten within this time. */
const KEY_LIFE_MS = 45_000;
const MAX_KEYS_AT_HAND = 20_000;
const FINGERPRINTS = "vault/fingerprints";

const KEY_BYTES = 32;
const KEYS_AT_ONCE = 512;
let random = Buffer.alloc(0);
let used = 0;

/** Random bytes cost as much by the dozen as by the thousand; each is used once, and stands until nobody needs it. */
function freshKey(): Buffer {
  if (used === random.length) [random, used] = [randomBytes(KEY_BYTES * KEYS_AT_ONCE), 0];
  used += KEY_BYTES;
  return random.subarray(used - KEY_BYTES, used);
}

export async function openVault(options: VaultOptions): Promise<Vault> {
  const { database, masterKey, readableMasterKeys = [], furtherMasterKeys, log, lifecycle } = options;
  const masters = createMasterKeys({
    current: masterKey,
    readable: readableMasterKeys,
    ...(furtherMasterKeys && { further: furtherMasterKeys }),
  });
  const store = await openKeyStore(database, masters);
  const cache = createKeyCache<KeyObject>({ max: MAX_KEYS_AT_HAND, lifeMs: KEY_LIFE_MS });

  // Kept as a key like the others, so that fingerprints stay the same when the master key is replaced.
  const kept = await store.ensure([FINGERPRINTS], () => masters.derive("fingerprints"));
  const fingerprints = kept.get(FINGERPRINTS);
  if (fingerprints === "damaged") throw new SealDamaged(FINGERPRINTS);
  if (!fingerprints) throw new KeyDestroyed(FINGERPRINTS);
  // From bytes, each use would make the key anew, which takes longer than the use itself.
  const fingerprintKey = createSecretKey(fingerprints);

  /** Those that are looked up just now and were not destroyed meanwhile, by look-up. */
  const lookedUp = new Set<Set<string>>();
  function forget(keyId: string): void {
    cache.delete(keyId);
    for (const keyIds of lookedUp) keyIds.delete(keyId);
  }

  const listening = await database.listen(DESTROYED_CHANNEL, (keyId) => {
    if (keyId !== undefined) return forget(keyId);
    cache.clear();
    for (const keyIds of lookedUp) keyIds.clear();
  });
  lifecycle?.own("vault", () => listening.close());
  lifecycle?.own("keys at hand", every({ ms: KEY_LIFE_MS, work: () => void cache.purgeStale() }));

  type Usable = KeyObject | "damaged" | undefined;
  const atHand = (keyIds: readonly string[]): Map<string, Usable> =>
    new Map(keyIds.map((keyId) => [keyId, cache.get(keyId)]));

  async function complete(
    keys: Map<string, Usable>,
    fetch: (missing: readonly string[]) => Promise<ReadonlyMap<string, Key>>,
    { keep = true }: { readonly keep?: boolean } = {},
  ): Promise<ReadonlyMap<string, Usable>> {
    const missing = [...keys].filter(([, key]) => !key).map(([keyId]) => keyId);
    if (missing.length === 0) return keys;
    const keepable = new Set(missing);
    lookedUp.add(keepable);
    try {
      for (const [keyId, found] of await fetch(missing)) {
        if (found === "damaged") log.error({ key: keyId }, "key can't be unwrapped");
        const key = found === "damaged" ? found : found && createSecretKey(found);
        keys.set(keyId, key);
        if (keep && keepable.has(keyId) && key !== undefined && key !== "damaged") cache.set(keyId, key);
      }
    } finally {
      lookedUp.delete(keepable);
    }
    return keys;
  }

  const ensured = (keyIds: readonly string[], how?: { readonly keep: boolean }) =>
    complete(atHand(keyIds), (missing) => store.ensure(missing, freshKey), how);

  const openMany: Vault["openMany"] = async (items) => {
    const keys = await complete(atHand(items.map(({ sealed }) => sealed.key)), store.load);
    return items.map(({ sealed, context }) => {
      const key = keys.get(sealed.key);
      return key === "damaged" ? new SealDamaged(sealed.key) : key && openIfWhole(key, sealed, context);
    });
  };

  return {
    async ensureKeys(keyIds) {
      const keys = await ensured(keyIds);
      return keyIds.filter((keyId) => keys.get(keyId) === "damaged");
    },
    async seal(keyId, value, context) {
      const key = (await ensured([keyId])).get(keyId);
      if (key === "damaged") throw new SealDamaged(keyId);
      if (!key) throw new KeyDestroyed(keyId);
      return sealWith(key, keyId, value, context);
    },
    sealCached(keyId, value, context) {
      const key = cache.get(keyId);
      return key && sealWith(key, keyId, value, context);
    },
    async sealMany(items) {
      const keys = await ensured(
        items.map(({ key }) => key),
        { keep: false },
      );
      return items.map(({ key: keyId, value, context }) => {
        const key = keys.get(keyId);
        if (key === "damaged") throw new SealDamaged(keyId);
        return key && sealWith(key, keyId, value, context);
      });
    },
    async fetchKeys(keyIds) {
      await complete(atHand(keyIds), store.load);
    },
    async open(sealed, context) {
      const [opened] = await openMany([{ sealed, context }]);
      if (opened instanceof SealDamaged) throw opened;
      return opened;
    },
    openMany,
    async openReadable(items) {
      return (await openMany(items)).map((one) => (one instanceof SealDamaged ? undefined : one));
    },
    existing: store.existing,
    async destroy(keyIds) {
      await store.destroy(keyIds);
      for (const keyId of keyIds) forget(keyId);
      log.info({ keys: keyIds.length }, "keys destroyed");
    },
    toForget: store.toForget,
    forgot: store.forgot,
    purge: () => purgeDestroyed(database),
    fingerprint: (domain, value) =>
      createHmac("sha256", fingerprintKey)
        .update(JSON.stringify([domain, value]))
        .digest("base64url"),
    check: store.check,
  };
}
