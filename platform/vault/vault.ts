// Personal data is kept sealed; forgetting somebody is destroying a key.
import type { Database } from "../database.ts";
import type { Lifecycle } from "../lifecycle.ts";
import type { Log } from "../log.ts";
import type { Sealed } from "./seal.ts";

export type { Sealed } from "./seal.ts";

export interface Vault {
  /** Makes those keys that do not exist and were never destroyed, in one statement; all processes get the same ones. */
  ensureKeys(keyIds: readonly string[]): Promise<void>;
  /** `context` says where the value stands, such as "submission-<id>"; it opens nowhere else. Makes the key if need be. */
  seal(keyId: string, value: unknown, context: string): Promise<Sealed>;
  /** The same at once when the key is at hand, else undefined. */
  sealCached(keyId: string, value: unknown, context: string): Sealed | undefined;
  /** Undefined when the key is destroyed. Throws when it was tampered with or stands elsewhere. */
  open(sealed: Sealed, context: string): Promise<unknown | undefined>;
  /** Many with one look-up of keys, in the order given. */
  openMany(
    items: readonly { readonly sealed: Sealed; readonly context: string }[],
  ): Promise<(unknown | undefined)[]>;
  /** Gone for good here at once, and in every other process within seconds. */
  destroy(keyIds: readonly string[]): Promise<void>;
  /** A keyed hash, for comparing values without keeping them; `domain` keeps e-mail apart from phone. */
  fingerprint(domain: string, value: string): string;
}

/** The key was destroyed, so nothing may be sealed under it again. */
export class KeyDestroyed extends Error {
  override name = "KeyDestroyed";
}

export interface VaultOptions {
  readonly database: Database;
  readonly masterKey: Buffer;
  readonly log: Log;
  readonly lifecycle?: Lifecycle;
}

export function openVault(_options: VaultOptions): Promise<Vault> {
  throw new Error("not yet");
}
