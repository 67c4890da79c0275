// A copy of the log, made while events are appended: it holds every event up to the moment when it is whole.
import { closeSync, fsyncSync, openSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { backup, DatabaseSync } from "node:sqlite";
import { setTimeout as pause } from "node:timers/promises";
import type { DataFolder } from "./data-folder.ts";
import type { LogCopy } from "./event-log.ts";

/** Copied in one turn of SQLite's lock: small enough that an append hardly waits. */
const PAGES_AT_ONCE = 100;
const MAX_TRIES = 1_000;

/** Into the data folder itself, whoever asks, so that nobody can make the server write elsewhere. */
const copyIn = (dir: string): string => join(dir, "copy.db");

/** Nobody fetches a copy that was made before the server ended. */
export function removeCopies(dir: string): void {
  const file = copyIn(dir);
  for (const suffix of ["", ".unfinished", ".unfinished-journal", ".unfinished-wal"])
    rmSync(`${file}${suffix}`, { force: true });
}

export async function copyLog(folder: Pick<DataFolder, "dir" | "database">): Promise<LogCopy> {
  removeCopies(folder.dir);
  try {
    return await makeCopy(folder);
  } catch (error) {
    // Where the disk is full, what there is of it would keep it full, and events out.
    removeCopies(folder.dir);
    throw error;
  }
}

async function makeCopy({ dir, database }: Pick<DataFolder, "dir" | "database">): Promise<LogCopy> {
  const file = copyIn(dir);
  const unfinished = `${file}.unfinished`;
  await begin(database, unfinished);
  const head = closedAt(unfinished);
  flush(unfinished);
  renameSync(unfinished, file);
  flush(dir);
  return { file, head };
}

/** Node ends a backup with code 0, "not an error", where its first step meets an open transaction: nothing was copied yet. */
async function begin(database: DatabaseSync, file: string): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      await backup(database, file, { rate: PAGES_AT_ONCE });
      return;
    } catch (error) {
      const isInTransaction = error instanceof Error && "errcode" in error && error.errcode === 0;
      if (!isInTransaction || tries >= MAX_TRIES) throw error;
    }
    await pause(1);
  }
}

/** One file that needs no other beside it; the position of its last event. */
function closedAt(file: string): bigint {
  const copy = new DatabaseSync(file);
  try {
    copy.exec("pragma journal_mode = delete");
    return BigInt(Number(copy.prepare("select max(position) as head from events").get()?.head ?? 0));
  } finally {
    copy.close();
  }
}

function flush(path: string): void {
  const descriptor = openSync(path, "r");
  fsyncSync(descriptor);
  closeSync(descriptor);
}
