// How the keys are wrapped, in words.
import type { Survey } from "#platform/vault/rewrap.ts";

export const counted = (keys: number): string =>
  `${keys.toLocaleString("en")} ${keys === 1 ? "key" : "keys"}`;

/** `known`: the ids of the master keys that this machine has. */
export function report({ wrapping, keys }: Survey, known: readonly string[]): string {
  if (wrapping === undefined) return "The vault has no keys yet.";
  const rows = [...new Set([wrapping, ...keys.keys()])].map((id) => {
    const roles = [
      ...(id === wrapping ? ["wraps new keys"] : []),
      known.includes(id) ? "known here" : "not known here",
    ];
    return `  ${id}  ${(keys.get(id) ?? 0).toLocaleString("en").padStart(11)}  ${roles.join(", ")}`;
  });
  return ["  master key           keys", ...rows, "", advice({ wrapping, keys })].join("\n");
}

function advice({ wrapping, keys }: { readonly wrapping: string; readonly keys: Survey["keys"] }): string {
  const others = [...keys].reduce((sum, [id, count]) => sum + (id === wrapping ? 0 : count), 0);
  return others === 0
    ? `Every key is wrapped under ${wrapping}: no other master key is needed, but for backups of the database.`
    : `${counted(others)} can be read with other master keys only, which must not be taken away yet.`;
}
