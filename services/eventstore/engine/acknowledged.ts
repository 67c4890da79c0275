// A small file that holds the last position that was acknowledged to a writer. SQLite takes a damaged end of its
// write-ahead log for a commit that never finished and drops it silently; this file tells the engine that events are missing.
import { closeSync, constants, fsyncSync, openSync, readSync, writeSync } from "node:fs";
import { join } from "node:path";
import { crc32 } from "node:zlib";

const SIZE = 12;

export class Acknowledged {
  readonly #file: number;
  readonly #block = Buffer.alloc(SIZE);
  /** A lower bound: after a power cut the file may be older than the log, never newer. */
  readonly position: number;

  constructor(dir: string) {
    this.#file = openSync(join(dir, "acknowledged"), constants.O_RDWR | constants.O_CREAT);
    const read = readSync(this.#file, this.#block, 0, SIZE, 0);
    const intact = read === SIZE && this.#block.readUInt32LE(8) === crc32(this.#block.subarray(0, 8));
    this.position = intact ? Number(this.#block.readBigUInt64LE(0)) : 0;
    if (intact) return;
    this.advance(0);
    fsyncSync(this.#file);
  }

  advance(position: number): void {
    this.#block.writeBigUInt64LE(BigInt(position), 0);
    this.#block.writeUInt32LE(crc32(this.#block.subarray(0, 8)), 8);
    try {
      writeSync(this.#file, this.#block, 0, SIZE, 0);
    } catch {
      // The events are safe without it, and an older lower bound still holds.
    }
  }

  close(): void {
    closeSync(this.#file);
  }
}
