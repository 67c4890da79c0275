// Small files below DATA_DIR that several processes read and write: never half written, readable by their owner alone.
import { randomUUID } from "node:crypto";
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

const hasCode = (error: unknown, code: string): boolean =>
  error instanceof Error && "code" in error && error.code === code;

export function readKept(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (hasCode(error, "ENOENT")) return undefined;
    throw error;
  }
}

function writeBeside(path: string, text: string): string {
  mkdirSync(dirname(path), { recursive: true });
  const beside = `${path}.${randomUUID()}`;
  writeFileSync(beside, text, { mode: 0o600, flush: true });
  return beside;
}

/** Replaces the file as a whole. */
export function writeKept(path: string, text: string): void {
  renameSync(writeBeside(path, text), path);
}

/** What the file holds; made once when there is none, and the same for all processes that ask at once. */
export function keptOrMade(path: string, make: () => string): string {
  const kept = readKept(path);
  if (kept !== undefined) return kept.trim();
  const beside = writeBeside(path, make());
  try {
    // A link, unlike a rename, fails when another process was first.
    linkSync(beside, path);
  } catch (error) {
    if (!hasCode(error, "EEXIST")) throw error;
  } finally {
    rmSync(beside, { force: true });
  }
  return readFileSync(path, "utf8").trim();
}
