// Seals submissions under the key of the day, which is fetched once however many wait for it.
import { intakeKeys } from "#domain/identity/retention.ts";
import { KeyDestroyed, type Sealed, type Vault } from "#platform/vault/vault.ts";

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

  async function sealWithFirst(keys: readonly string[], value: unknown, context: string): Promise<Sealed> {
    const [key = "", ...others] = keys;
    await fetched(key);
    try {
      return await vault.seal(key, value, context);
    } catch (error) {
      // A clock that was put back, or mail that waited for long: its day's key is gone, and the submission is as welcome.
      if (!(error instanceof KeyDestroyed) || others.length === 0) throw error;
      return sealWithFirst(others, value, context);
    }
  }

  return (value, day, context) => {
    const keys = intakeKeys(day);
    // One that was destroyed is never at hand again, so the first that is at hand is the one in use.
    for (const key of keys) {
      const sealed = vault.sealCached(key, value, context);
      if (sealed !== undefined) return sealed;
    }
    return sealWithFirst(keys, value, context);
  };
}
