// Seals what comes in under the key of its day, which is fetched once however many wait for it.
import type { Sealed, Vault } from "#platform/vault/vault.ts";

export type IntakeSeal = (value: unknown, day: string, context: string) => Sealed | Promise<Sealed>;

export function createIntakeSeal(vault: Vault): IntakeSeal {
  const fetching = new Map<string, Promise<void>>();

  function fetched(key: string): Promise<void> {
    const under = fetching.get(key);
    if (under !== undefined) return under;
    const fetch = vault.ensureKeys([key]).finally(() => fetching.delete(key));
    fetching.set(key, fetch);
    return fetch;
  }

  return (value, day, context) => {
    const key = `intake-${day}`;
    const sealed = vault.sealCached(key, value, context);
    return sealed ?? fetched(key).then(() => vault.seal(key, value, context));
  };
}
