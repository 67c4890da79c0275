// Opens the SQLite file of a data folder for this process alone, and says why where that is not possible.
import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { Acknowledged } from "./acknowledged.ts";
import { CorruptLog } from "./event-log.ts";

/** "Syev": tells our files from any other SQLite database. */
const APPLICATION_ID = 0x53796576;
const FORMAT = 2;

const SQLITE_BUSY = 5;
const SQLITE_CORRUPT = 11;
const SQLITE_NOTADB = 26;

/** The folder cannot be used as it is; the message tells the operator what to do. */
class DataFolderError extends Error {
  override name = "DataFolderError";
}

// Up to which position the rows of streams are written; decision 0012. Stored twice, so that damage is noticed.
const ROWS = `
  create table rows (through integer not null, repeated integer not null) strict;
  insert into rows select coalesce(max(position), 0), coalesce(max(position), 0) from events;
`;

/** From a format to the next one. */
const MIGRATIONS: Readonly<Record<number, string>> = {
  // Format 1 wrote every row with its events.
  1: `begin; ${ROWS} pragma user_version = 2; commit`,
};

// A stream is found by its name, an event by its position or by its stream and revision.
const SCHEMA = `
  create table streams (
    name text primary key, number integer not null, last integer not null, life text not null,
    truncate_before integer not null, max_count integer not null, max_age integer not null,
    checksum integer not null
  ) strict, without rowid;
  create table events (
    position integer primary key, stream integer not null, revision integer not null,
    checksum integer not null, wire blob not null
  ) strict;
  create unique index events_by_stream on events (stream, revision);
  ${ROWS}
  pragma application_id = ${APPLICATION_ID};
  pragma user_version = ${FORMAT};
`;

export interface DataFolder {
  readonly dir: string;
  readonly database: DatabaseSync;
  readonly acknowledged: Acknowledged;
  close(): void;
}

/** Throws DataFolderError or CorruptLog. */
export function openDataFolder(dir: string): DataFolder {
  let database: DatabaseSync | undefined;
  try {
    mkdirSync(dir, { recursive: true });
    database = new DatabaseSync(join(dir, "events.db"));
    lock(database);
    prepare(database, dir);
    writeHolder(dir);
    return dataFolder(dir, database, new Acknowledged(dir));
  } catch (error) {
    database?.close();
    throw explained(error, dir);
  }
}

function dataFolder(dir: string, database: DatabaseSync, acknowledged: Acknowledged): DataFolder {
  const close = (): void => {
    if (!database.isOpen) return;
    database.close();
    acknowledged.close();
  };
  return { dir, database, acknowledged, close };
}

/** The open file holds the lock, so it ends with the process, however that ends. */
function lock(db: DatabaseSync): void {
  db.exec("pragma locking_mode = exclusive");
  db.exec("begin exclusive; commit");
}

function prepare(db: DatabaseSync, dir: string): void {
  const format = pragma(db, "user_version");
  const empty = format === 0 && db.prepare("select 1 from sqlite_schema limit 1").get() === undefined;
  if (!empty && pragma(db, "application_id") !== APPLICATION_ID)
    throw new DataFolderError(`${dir}/events.db is not an event log. Choose another data folder.`);
  const migration = MIGRATIONS[format];
  if (!empty && format !== FORMAT && migration === undefined)
    throw new DataFolderError(
      `${dir} is in format ${format}, and this version reads format ${FORMAT}. ` +
        "Run the version that wrote it, or choose another data folder to begin an empty log.",
    );
  db.exec("pragma journal_mode = wal");
  // A commit returns after fsync; on macOS only these make that reach the disk itself.
  db.exec("pragma synchronous = full; pragma fullfsync = on; pragma checkpoint_fullfsync = on");
  db.exec("pragma cache_size = -16384; pragma temp_store = memory; pragma trusted_schema = off");
  db.exec("pragma wal_autocheckpoint = 1000; pragma journal_size_limit = 67108864");
  if (migration !== undefined) db.exec(migration);
  if (!empty) return;
  db.exec(`begin; ${SCHEMA} commit`);
  syncFolder(dir);
}

function pragma(db: DatabaseSync, name: string): number {
  return Number(Object.values(db.prepare(`pragma ${name}`).get() ?? {})[0]);
}

/** A new file is durable only once the folder that names it is. */
function syncFolder(dir: string): void {
  for (const folder of [dir, join(dir, "..")]) {
    const handle = openSync(folder, "r");
    fsyncSync(handle);
    closeSync(handle);
  }
}

const holderFile = (dir: string): string => join(dir, "holder.pid");

/** For the error message of another process only: what protects the folder is the lock. */
function writeHolder(dir: string): void {
  try {
    writeFileSync(holderFile(dir), `${process.pid}\n`);
  } catch {
    // A full disk must not stop reading.
  }
}

function readHolder(dir: string): string {
  try {
    return `process ${readFileSync(holderFile(dir), "utf8").trim()}`;
  } catch {
    return "another process";
  }
}

function explained(error: unknown, dir: string): unknown {
  if (!(error instanceof Error) || error instanceof DataFolderError) return error;
  if (isDamage(error)) return corruptLog(dir, error);
  const message =
    sqliteCode(error) === SQLITE_BUSY
      ? `${dir} is in use by ${readHolder(dir)}. Two event stores cannot share a data folder: stop that one or choose another.`
      : `${dir} cannot be opened for writing: ${error.message}`;
  return new DataFolderError(message, { cause: error });
}

export function corruptLog(dir: string, cause: Error): CorruptLog {
  return new CorruptLog(
    `${dir} is damaged (${cause.message}). What is damaged is not served: restore the folder from a backup.`,
    { cause },
  );
}

export function isDamage(error: unknown): boolean {
  const code = sqliteCode(error);
  return code === SQLITE_CORRUPT || code === SQLITE_NOTADB;
}

function sqliteCode(error: unknown): number | undefined {
  const code = error instanceof Error && "errcode" in error ? Number(error.errcode) : undefined;
  // The upper bits of an extended code only refine it.
  return code === undefined ? undefined : code & 0xff;
}
