// Finding a lead by a value without keeping the value: only keyed hashes are compared.
import type { Sealed } from "#domain/event.ts";
import type { SubmissionId } from "#domain/ids.ts";
import { submissionContext } from "#domain/seal-contexts.ts";
import { Submission } from "#domain/submission/submission.ts";
import type { Vault } from "#platform/vault/vault.ts";
import { shortHash } from "../short-hash.ts";

export interface SearchRow {
  readonly hash: bigint;
  readonly lead_id: SubmissionId;
  /** Of the lead: rows of leads that came together lie together. */
  readonly position: bigint;
}

export interface Searchable {
  readonly lead_id: SubmissionId;
  readonly position: bigint;
  readonly sealed: Sealed;
}

type Fingerprint = Pick<Vault, "fingerprint">;

/** What was sent is found as it was sent: composed otherwise, with marks that nobody sees, in digits of full width. */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Cs}]+/gu;
const inText = (value: string): string =>
  value.normalize("NFC").replace(INVISIBLE, " ").trim().toLowerCase().replace(/\s+/g, " ");
const inDigits = (value: string): string => value.normalize("NFKC").replace(/\D/g, "");
const MIN_DIGITS = 6;

/**
 * The rows by which these leads are found. A payload is opened under its intake key when it arrives; a rebuild after that key's end
 * finds the same payload under the person's key.
 */
export async function searchRows(vault: Vault, payloads: readonly Searchable[]): Promise<SearchRow[]> {
  const rows: SearchRow[] = [];
  const found = new Set<SubmissionId>();
  for (let left = payloads; left.length > 0; ) {
    const first = new Map<SubmissionId, Searchable>();
    for (const one of left) if (!first.has(one.lead_id)) first.set(one.lead_id, one);
    const tried = [...first.values()];
    const opened = await vault.openReadable(
      tried.map(({ lead_id, sealed }) => ({ sealed, context: submissionContext(lead_id) })),
    );
    for (const [n, { lead_id, position }] of tried.entries()) {
      const submission = Submission.safeParse(opened[n]);
      if (!submission.success) continue;
      found.add(lead_id);
      for (const hash of hashesOf(vault, submission.data)) rows.push({ hash, lead_id, position });
    }
    left = left.filter((one) => !found.has(one.lead_id) && !tried.includes(one));
  }
  return rows;
}

function hashesOf(vault: Fingerprint, { normalised }: Submission): bigint[] {
  const { email, phone, full_name } = normalised;
  const texts = [email, full_name].filter((value) => value !== undefined).map(inText);
  const hashes = texts.map((text) => shortHash(vault.fingerprint("lead text", text)));
  if (phone !== undefined) hashes.push(shortHash(vault.fingerprint("lead phone", inDigits(phone))));
  return [...new Set(hashes)];
}

/** The hashes of what somebody typed, which may be an address, a number or a name. */
export function hashesFor(vault: Fingerprint, typed: string): bigint[] {
  const hashes = [shortHash(vault.fingerprint("lead text", inText(typed)))];
  const digits = inDigits(typed);
  if (digits.length >= MIN_DIGITS) hashes.push(shortHash(vault.fingerprint("lead phone", digits)));
  return hashes;
}
