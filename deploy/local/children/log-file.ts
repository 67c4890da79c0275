// What a child writes goes straight into a file, so that it never waits for us and its last words are kept; we read along.
import { closeSync, copyFileSync, fstatSync, ftruncateSync, mkdirSync, openSync, readSync } from "node:fs";
import { dirname } from "node:path";

const MAX_BYTES = 64 * 1024 * 1024;
const READ_BYTES = 256 * 1024;

export interface LogFile {
  readonly path: string;
  /** For the child's stdout and stderr. */
  readonly descriptor: number;
  /** Whole lines that were written since the last call. */
  newLines(): readonly string[];
  /** What was written until now is nobody's any more. */
  skip(): void;
  close(): void;
}

export function openLogFile(path: string): LogFile {
  mkdirSync(dirname(path), { recursive: true });
  const descriptor = openSync(path, "a+");
  let position = fstatSync(descriptor).size;
  let rest = "";

  function keepSmall(): void {
    if (position < MAX_BYTES) return;
    try {
      copyFileSync(path, `${path}.1`);
    } catch {
      // Where the disk is full, room is worth more than old lines; and who has removed the file wants none.
    }
    // Not by its path: the child goes on writing to what it was given.
    ftruncateSync(descriptor);
    position = 0;
  }

  return {
    path,
    descriptor,
    newLines() {
      // Two launchers on one data folder may write to the same file, and each keeps it small.
      if (fstatSync(descriptor).size < position) position = 0;
      const buffer = Buffer.allocUnsafe(READ_BYTES);
      const length = readSync(descriptor, buffer, 0, READ_BYTES, position);
      if (length === 0) return [];
      position += length;
      const lines = (rest + buffer.toString("utf8", 0, length)).split("\n");
      rest = lines.pop() ?? "";
      keepSmall();
      return lines;
    },
    skip() {
      position = fstatSync(descriptor).size;
      rest = "";
    },
    close: () => closeSync(descriptor),
  };
}
