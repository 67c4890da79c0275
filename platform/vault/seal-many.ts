// Many values, each under a key of its own, with one look-up of keys.
import { KeyDestroyed, type Sealed, type Vault } from "./vault.ts";

export interface ToSeal {
  readonly key: string;
  readonly value: unknown;
  readonly context: string;
}

/** In the order given; undefined where the key was destroyed. */
export async function sealMany(
  items: readonly ToSeal[],
  vault: Pick<Vault, "ensureKeys" | "seal" | "sealCached">,
): Promise<(Sealed | undefined)[]> {
  await vault.ensureKeys(items.map(({ key }) => key));
  return Promise.all(items.map((item) => sealOne(item, vault)));
}

async function sealOne(
  { key, value, context }: ToSeal,
  vault: Pick<Vault, "seal" | "sealCached">,
): Promise<Sealed | undefined> {
  const sealed = vault.sealCached(key, value, context);
  if (sealed !== undefined) return sealed;
  try {
    return await vault.seal(key, value, context);
  } catch (error) {
    if (error instanceof KeyDestroyed) return undefined;
    throw error;
  }
}
