// What a yard's data take of the disk, by part; and whether more fits.
import { existsSync, lstatSync, readdirSync, readFileSync, statfsSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Database } from "#platform/database.ts";

/** Bytes by part: `event store`, `JetStream`, `vault`, `PostgreSQL: <read model>` … */
export type Disk = Readonly<Record<string, number>>;

/** Event store, PostgreSQL and keys. */
const BYTES_PER_SUBMISSION = 17_000;
/** What was mailed stays in JetStream until that has its largest size. */
const BYTES_OF_MAIL = 4_300;
const MAX_BYTES_OF_MAIL = 8 * 2 ** 30;
/** Written ahead by PostgreSQL and the event store. */
const BYTES_IN_ANY_CASE = 1.5e9;
/** Below it nothing more is sent: a full disk would stop others on the machine too. */
export const RESERVE_BYTES = 2e9;

export const bytesNeeded = (submissions: number): number =>
  submissions * BYTES_PER_SUBMISSION +
  Math.min(submissions * BYTES_OF_MAIL, MAX_BYTES_OF_MAIL) +
  BYTES_IN_ANY_CASE +
  RESERVE_BYTES;

/** Of the disk that the folder is on, or will be; of temporary files without one. */
export function freeBytes(dir = tmpdir()): number {
  if (!existsSync(dir)) return freeBytes(dirname(dir));
  const { bavail, bsize } = statfsSync(dir);
  return bavail * bsize;
}

export const shownBytes = (bytes: number): string =>
  bytes < 1e9 ? `${(bytes / 1e6).toFixed(0)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;

export async function diskOf(dataDir: string, database: Pick<Database, "query">): Promise<Disk> {
  const schemas = await database.query<{ name: string; bytes: bigint }>(
    `select nspname as name, sum(pg_total_relation_size(pg_class.oid))::bigint as bytes
       from pg_class join pg_namespace on pg_namespace.oid = relnamespace
      where relkind in ('r', 'm') and nspname not like 'pg\\_%' and nspname <> 'information_schema'
      group by nspname order by nspname`,
  );
  const parts: Record<string, number> = {
    "event store": folderBytes(join(dataDir, "eventstore")),
    JetStream: folderBytes(join(dataDir, "nats")),
  };
  let inSchemas = 0;
  for (const { name, bytes } of schemas) {
    parts[name === "vault" ? "vault" : `PostgreSQL: ${name}`] = Number(bytes);
    inSchemas += Number(bytes);
  }
  // Not in the data folder where PostgreSQL's user can't reach that.
  const pointer = join(dataDir, "postgres.path");
  const folder = existsSync(pointer) ? readFileSync(pointer, "utf8").trim() : join(dataDir, "postgres");
  parts["PostgreSQL: log and catalogue"] = Math.max(0, folderBytes(folder) - inSchemas);
  return parts;
}

/** What the files take, not how long they are. */
function folderBytes(folder: string): number {
  let bytes = 0;
  for (const { name, isFolder } of entriesOf(folder)) {
    const path = join(folder, name);
    bytes += isFolder ? folderBytes(path) : (lstatSync(path, { throwIfNoEntry: false })?.blocks ?? 0) * 512;
  }
  return bytes;
}

/** A file or folder may go while it is looked at. */
function entriesOf(folder: string): { readonly name: string; readonly isFolder: boolean }[] {
  try {
    return readdirSync(folder, { withFileTypes: true }).map((entry) => ({
      name: entry.name,
      isFolder: entry.isDirectory(),
    }));
  } catch {
    return [];
  }
}
