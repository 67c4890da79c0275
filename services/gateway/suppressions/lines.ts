// Lines of a suppression list, as they are uploaded, to what is stored of them: hashes, and until when they count.
import { hash } from "node:crypto";
import { z } from "zod";
import { MAX_LINES, SUPPRESSION_DOMAIN } from "#domain/suppression/list.ts";
import type { Vault } from "#platform/vault/vault.ts";
import { parseObject } from "../http/json-body.ts";
import { parseInput } from "../http/parse.ts";
import { normalise } from "../intake/normalise.ts";
import { type InputError, isRefusal, Refused, refusal } from "../refusal.ts";

const SuppressionLine = z
  .strictObject({
    email: z.string().optional(),
    phone: z.string().optional().meta({ description: "International" }),
    sha256: z
      .string()
      .regex(/^[0-9a-f]{64}$/i, "must be the 64 hexadecimal digits of a SHA-256")
      .optional()
      .meta({ description: "Of the e-mail address in lower case, or of the phone number as E.164" }),
    expires_at: z.iso.datetime({ offset: true }).optional(),
  })
  .refine(({ email, phone, sha256 }) => (email ?? phone ?? sha256) !== undefined, {
    message: "needs email, phone or sha256",
  });

/** The hash, and until when it counts. */
export type Entries = Map<string, string | null>;

const MAX_ERRORS = 100;
/** So many at a time, that no submission waits long behind them. */
const AT_ONCE = 250;

export async function entriesIn(body: Buffer, vault: Pick<Vault, "fingerprint">): Promise<Entries> {
  const lines = body.toString("utf8").split("\n");
  const entries: Entries = new Map();
  const errors: InputError[] = [];
  if (lines.length > MAX_LINES + 1)
    throw new Refused(refusal("too_large", { detail: `A list has at most ${MAX_LINES} lines` }));
  for (const [at, line] of lines.entries()) {
    if (at % AT_ONCE === 0) await new Promise((resolve) => setImmediate(resolve));
    if (line.trim() === "") continue;
    const found = readLine(line);
    if ("message" in found) errors.push({ path: `line ${at + 1}`, message: found.message });
    else
      for (const one of found.sha256)
        entries.set(vault.fingerprint(SUPPRESSION_DOMAIN, one), found.expires_at);
    if (errors.length >= MAX_ERRORS) break;
  }
  if (errors.length > 0) throw new Refused(refusal("unacceptable", { errors }));
  return entries;
}

type Read = { readonly sha256: string[]; readonly expires_at: string | null } | { readonly message: string };

function readLine(line: string): Read {
  const object = parseObject(line);
  if (isRefusal(object)) return { message: "is no JSON object" };
  const read = parseInput(SuppressionLine, object);
  if (isRefusal(read)) {
    const [wrong] = read.errors ?? [];
    return { message: `${wrong?.path ? `${wrong.path} ` : ""}${wrong?.message ?? "is not valid"}` };
  }
  const { email, phone, sha256, expires_at } = read;
  const { normalised, errors } = normalise({
    ...(email !== undefined && { email }),
    ...(phone !== undefined && { phone }),
  });
  const [error] = errors;
  if (error !== undefined) return { message: `${error.path} ${error.message}` };
  const values = [normalised.email, normalised.phone].filter((value) => value !== undefined);
  const all = values.map((value) => hash("sha256", value));
  if (sha256 !== undefined) all.push(sha256.toLowerCase());
  if (all.length === 0) return { message: "names nobody" };
  return { sha256: all, expires_at: expires_at === undefined ? null : new Date(expires_at).toISOString() };
}
