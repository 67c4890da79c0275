// The secrets that a data folder keeps for its users, in a file that only the master key opens. Passwords of the parts are not among
// them: an empty folder makes new ones.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { readKept, writeKept } from "#platform/kept-file.ts";
import { openForBackup, sealForBackup } from "./sealed-file.ts";

const NAMES = [
  "secrets/admin-token",
  "secrets/demo-source-secret",
  "secrets/demo-partner-secret",
  // Where the demo partners point to: no secrets, and of use with the others alone.
  "simulator.url",
  "simulator-smtp.url",
] as const;
const PURPOSE = "backup/secrets";
const Secrets = z.partialRecord(z.enum(NAMES), z.string());

export function sealSecrets(dataDir: string, master: Buffer, file: string): void {
  const found = NAMES.flatMap((name) => {
    const text = readKept(join(dataDir, name));
    return text === undefined ? [] : [[name, text] as const];
  });
  const sealed = sealForBackup(Object.fromEntries(found), master, PURPOSE);
  writeFileSync(file, `${JSON.stringify(sealed)}\n`, { mode: 0o600, flush: true });
}

/** Under one of these master keys. */
export function openSecrets(file: string, masters: readonly Buffer[], dataDir: string): void {
  const secrets = Secrets.parse(openForBackup(readKept(file) ?? "", masters, { purpose: PURPOSE, file }));
  for (const [name, text] of Object.entries(secrets)) writeKept(join(dataDir, name), text);
}
