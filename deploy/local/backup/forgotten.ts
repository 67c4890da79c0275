// The list of destroyed keys: what a backup that is older than it must not bring back. It names nobody.
import { statSync } from "node:fs";
import { join } from "node:path";
import { readKept, writeKept } from "#platform/kept-file.ts";
import { Problem } from "../problem.ts";
import { FILES } from "./manifest.ts";

const HEADER =
  "# Keys that Switchyard has destroyed, for: npm run restore -- <backup> --forgotten <this file>\n";
/** These go by the time of the log, which sweeps them again, and not before what needs them is done. See docs/decisions/0090. */
const BY_TIME = /^(?:intake|nobody)-/;

export function writeForgotten(file: string, destroyed: readonly string[]): void {
  const lines = destroyed.filter((id) => !BY_TIME.test(id)).map((id) => `${id}\n`);
  writeKept(file, HEADER + lines.join(""));
}

/** `from`: files, or backups with one. */
export function readForgotten(from: readonly string[]): Set<string> {
  return new Set(from.flatMap(idsIn));
}

function idsIn(path: string): string[] {
  const isFolder = statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
  const file = isFolder ? join(path, FILES.forgotten) : path;
  const text = readKept(file);
  if (text === undefined) throw new Problem(`--forgotten names ${file}, which is not there.`);
  if (!text.startsWith(HEADER)) throw new Problem(`${file} is not a list that npm run backup has written.`);
  return text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
}
