// Seals what comes in under the key of today, which is fetched once however many wait for it. What lay long in a stream is sealed under
// it too: the key of the day on which it came may be destroyed by now.
import type { Sealed, Vault } from "#platform/vault/vault.ts";

export type IntakeSeal = (value: unknown, context: string) => Sealed | Promise<Sealed>;

const DAY_MS = 24 * 60 * 60 * 1_000;

export function createIntakeSeal(vault: Vault): IntakeSeal {
  const fetching = new Map<string, Promise<void>>();
  let today = { number: Number.NaN, key: "" };

  function keyOfToday(): string {
    const number = Math.floor(Date.now() / DAY_MS);
    if (number !== today.number)
      today = { number, key: `intake-${new Date(number * DAY_MS).toISOString().slice(0, 10)}` };
    return today.key;
  }

  function fetched(key: string): Promise<void> {
    const underWay = fetching.get(key);
    if (underWay !== undefined) return underWay;
    const fetch = vault.ensureKeys([key]).finally(() => fetching.delete(key));
    fetching.set(key, fetch);
    return fetch;
  }

  return (value, context) => {
    const key = keyOfToday();
    const sealed = vault.sealCached(key, value, context);
    return sealed ?? fetched(key).then(() => vault.seal(key, value, context));
  };
}
