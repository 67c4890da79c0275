// The secrets that a data folder keeps for its users, in a file that only the master key opens. Passwords of the parts are not among
// them: an empty folder makes new ones.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { readKept, writeKept } from "#platform/kept-file.ts";
import { createMasterKeys } from "#platform/vault/master-key.ts";
import { openWith, sealWith } from "#platform/vault/seal.ts";
import { Problem } from "../problem.ts";

const NAMES = [
  "secrets/admin-token",
  "secrets/demo-source-secret",
  "secrets/demo-partner-secret",
  // Where the demo partners point to: no secrets, and of use with the others alone.
  "simulator.url",
  "simulator-smtp.url",
] as const;
const PURPOSE = "backup/secrets";
const Sealed = z.object({ key: z.string(), iv: z.string(), tag: z.string(), data: z.string() });
const Secrets = z.partialRecord(z.enum(NAMES), z.string());

export function sealSecrets(dataDir: string, master: Buffer, file: string): void {
  const found = NAMES.flatMap((name) => {
    const text = readKept(join(dataDir, name));
    return text === undefined ? [] : [[name, text] as const];
  });
  const masters = createMasterKeys({ current: master });
  const sealed = sealWith(masters.derive(PURPOSE), masters.currentId, Object.fromEntries(found), PURPOSE);
  writeFileSync(file, `${JSON.stringify(sealed)}\n`, { mode: 0o600, flush: true });
}

/** Under one of these master keys. */
export function openSecrets(file: string, masters: readonly Buffer[], dataDir: string): void {
  const sealed = Sealed.parse(JSON.parse(readKept(file) ?? ""));
  const master = masters.find((one) => createMasterKeys({ current: one }).currentId === sealed.key);
  if (master === undefined)
    throw new Problem(`${file} is sealed under the master key ${sealed.key}, which is not known here.`);
  const secrets = Secrets.parse(
    openWith(createMasterKeys({ current: master }).derive(PURPOSE), sealed, PURPOSE),
  );
  for (const [name, text] of Object.entries(secrets)) writeKept(join(dataDir, name), text);
}
