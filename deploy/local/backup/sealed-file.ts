// What a backup holds under the master key itself, since no key of the vault stands for it.
import { z } from "zod";
import { createMasterKeys } from "#platform/vault/master-key.ts";
import { openWith, sealWith } from "#platform/vault/seal.ts";
import { Problem } from "../problem.ts";

const Sealed = z.object({ key: z.string(), iv: z.string(), tag: z.string(), data: z.string() });
type Sealed = z.infer<typeof Sealed>;

export function sealForBackup(value: unknown, master: Buffer, purpose: string): Sealed {
  const masters = createMasterKeys({ current: master });
  return sealWith(masters.derive(purpose), masters.currentId, value, purpose);
}

/** Under one of these master keys. */
export function openForBackup(
  text: string,
  masters: readonly Buffer[],
  { purpose, file }: { readonly purpose: string; readonly file: string },
): unknown {
  const sealed = Sealed.parse(JSON.parse(text));
  const master = masters.find((one) => createMasterKeys({ current: one }).currentId === sealed.key);
  if (master === undefined)
    throw new Problem(`${file} is sealed under the master key ${sealed.key}, which is not known here.`);
  return openWith(createMasterKeys({ current: master }).derive(purpose), sealed, purpose);
}
