// Seals what comes in under the key of today, which is fetched once however many wait for it. What lay long in a stream is sealed under
// it too: the key of the day on which it came may be destroyed by now.
import { intakeKeys } from "#domain/identity/retention.ts";
import { KeyDestroyed, type Sealed, type Vault } from "#platform/vault/vault.ts";

export type IntakeSeal = (value: unknown, context: string) => Sealed | Promise<Sealed>;

const DAY_MS = 24 * 60 * 60 * 1_000;

export function createIntakeSeal(vault: Vault): IntakeSeal {
  const fetching = new Map<string, Promise<unknown>>();
  let today = { number: Number.NaN, keys: [] as readonly string[] };

  function keysOfToday(): readonly string[] {
    const number = Math.floor(Date.now() / DAY_MS);
    if (number !== today.number)
      today = { number, keys: intakeKeys(new Date(number * DAY_MS).toISOString().slice(0, 10)) };
    return today.keys;
  }

  function fetched(key: string): Promise<unknown> {
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
      // Where the clock was put back, the day's key may be gone, and the submission is as welcome.
      if (!(error instanceof KeyDestroyed) || others.length === 0) throw error;
      return sealWithFirst(others, value, context);
    }
  }

  return (value, context) => {
    const keys = keysOfToday();
    // One that was destroyed is never at hand again, so the first that is at hand is the one in use.
    for (const key of keys) {
      const sealed = vault.sealCached(key, value, context);
      if (sealed !== undefined) return sealed;
    }
    return sealWithFirst(keys, value, context);
  };
}
