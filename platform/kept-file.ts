// Small files below DATA_DIR that several processes read and write: never half written, readable by their owner alone.
import { randomUUID } from "node:crypto";
import {
  closeSync,
  copyFileSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, resolve } from "node:path";

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

/** A file is safe from a power cut once the folder that names it is on the disk as well. */
function flush(fileOrFolder: string): void {
  const descriptor = openSync(fileOrFolder, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function makeFolder(path: string): void {
  const folder = resolve(path);
  const topmost = mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (topmost === undefined) return;
  for (let made = folder; made.length >= topmost.length; made = dirname(made)) flush(dirname(made));
}

/** What gets no further, as on a full disk, would only take room, and may be a secret. */
function orRemove(temporary: string, work: () => void): void {
  try {
    work();
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

function writeTemporary(path: string, text: string): string {
  makeFolder(dirname(path));
  const temporary = `${path}.${randomUUID()}`;
  orRemove(temporary, () => writeFileSync(temporary, text, { mode: 0o600, flush: true }));
  return temporary;
}

/** Replaces the file as a whole. */
export function writeKept(path: string, text: string): void {
  const temporary = writeTemporary(path, text);
  orRemove(temporary, () => moveKept(temporary, path));
}

/** Replaces the second by the first, at once and for good. */
export function moveKept(path: string, to: string): void {
  renameSync(path, to);
  flush(dirname(to));
}

/** Puts a copy of a large file there, whole or not at all. */
export function copyKept(path: string, to: string): void {
  makeFolder(dirname(to));
  const temporary = `${to}.${randomUUID()}`;
  orRemove(temporary, () => {
    copyFileSync(path, temporary);
    flush(temporary);
    moveKept(temporary, to);
  });
}

/** What the file holds; made once when there is none, and the same for all processes that ask at once. */
export function keptOrMade(path: string, make: () => string): string {
  if (readKept(path) === undefined) makeUnlessThere(path, make());
  // Also where another process made it, which may have died before this.
  flush(dirname(path));
  return readFileSync(path, "utf8").trim();
}

function makeUnlessThere(path: string, text: string): void {
  const temporary = writeTemporary(path, text);
  try {
    // A link, unlike a rename, fails when another process was first.
    linkSync(temporary, path);
  } catch (error) {
    if (!hasCode(error, "EEXIST")) throw error;
  } finally {
    rmSync(temporary, { force: true });
  }
}
