// A vault whose keys are gone with the test.
import { createHmac, randomBytes } from "node:crypto";
import { openWith, type Sealed, sealWith } from "#platform/vault/seal.ts";
import { KeyDestroyed, type Vault } from "#platform/vault/vault.ts";

export function memoryVault(): Vault {
  const keys = new Map<string, Buffer | undefined>();
  const secret = randomBytes(32);

  function keyOf(id: string): Buffer {
    if (!keys.has(id)) keys.set(id, randomBytes(32));
    const key = keys.get(id);
    if (key === undefined) throw new KeyDestroyed(id);
    return key;
  }
  const open = async (sealed: Sealed, context: string): Promise<unknown> => {
    const key = keys.get(sealed.key);
    return key && openWith(key, sealed, context);
  };

  return {
    ensureKeys: async (ids) => {
      for (const id of ids) keyOf(id);
    },
    seal: async (id, value, context) => sealWith(keyOf(id), id, value, context),
    sealCached: (id, value, context) => (keys.has(id) ? sealWith(keyOf(id), id, value, context) : undefined),
    open,
    openMany: (items) => Promise.all(items.map(({ sealed, context }) => open(sealed, context))),
    destroy: async (ids) => {
      for (const id of ids) keys.set(id, undefined);
    },
    fingerprint: (domain, value) =>
      createHmac("sha256", secret)
        .update(JSON.stringify([domain, value]))
        .digest("base64url"),
    rewrap: async () => 0,
  };
}
