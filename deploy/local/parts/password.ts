// Passwords of the parts: generated once, the same after every start, readable by the owner of the data folder alone.
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { keptOrMade } from "#platform/kept-file.ts";

/** In characters that need no escaping in an address. */
export function keptPassword(dataDir: string, name: string): string {
  return keptOrMade(join(dataDir, "secrets", name), () => randomBytes(24).toString("base64url"));
}
