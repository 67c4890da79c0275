// Finding a lead by a value without keeping the value: only keyed hashes are compared.
import type { Submission } from "#domain/submission/submission.ts";
import type { Vault } from "#platform/vault/vault.ts";

type Fingerprint = Pick<Vault, "fingerprint">;

const inText = (value: string): string => value.trim().toLowerCase().replace(/\s+/g, " ");
const inDigits = (value: string): string => value.replace(/\D/g, "");
const LEAST_DIGITS = 6;

/** The hashes under which a submission is found. */
export function hashesOf(vault: Fingerprint, { normalised }: Submission): string[] {
  const { email, phone, full_name } = normalised;
  const texts = [email, full_name].filter((value) => value !== undefined).map(inText);
  const hashes = texts.map((text) => vault.fingerprint("lead text", text));
  if (phone !== undefined) hashes.push(vault.fingerprint("lead phone", inDigits(phone)));
  return [...new Set(hashes)];
}

/** The hashes of what somebody typed, which may be an address, a number or a name. */
export function hashesFor(vault: Fingerprint, typed: string): string[] {
  const hashes = [vault.fingerprint("lead text", inText(typed))];
  const digits = inDigits(typed);
  if (digits.length >= LEAST_DIGITS) hashes.push(vault.fingerprint("lead phone", digits));
  return hashes;
}
