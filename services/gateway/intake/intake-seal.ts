// Seals submissions under the key of the day, which is fetched once however many wait for it.
import type { Sealed, Vault } from "#platform/vault/vault.ts";

export type IntakeSeal = (value: unknown, day: string, context: string) => Sealed | Promise<Sealed>;

export function createIntakeSeal(vault: Vault): IntakeSeal {
  const fetching = new Map<string, Promise<void>>();

  function fetched(key: string): Promise<void> {
    const underWay = fetching.get(key);
    if (underWay !== undefined) return underWay;
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
