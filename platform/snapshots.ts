// Copies of states in the database, so that a stream is read from where its copy ends. Each is only a short cut: losing it costs time.
import { createHash } from "node:crypto";
import type { Database } from "./database.ts";
import type { Log } from "./log.ts";

export interface Snapshot {
  /** The last event that is in it. */
  readonly revision: bigint;
  readonly bytes: Buffer;
}

export interface SnapshotStore {
  /** The newest that is whole and of this format; where there are only others, it says so in the log. */
  newest(name: string): Promise<Snapshot | undefined>;
  write(snapshot: SnapshotToWrite): Promise<void>;
  /** Those of events that the stream does not have (any more); whether there were any. */
  discardAfter(name: string, revision: bigint): Promise<boolean>;
}

export interface SnapshotToWrite {
  readonly name: string;
  readonly revision: bigint;
  /** Each is made, and written, in a turn of its own. */
  readonly pieces: Iterable<string | Buffer>;
  /** What has to be stored before the snapshot may be relied on. It is written under the same revision. */
  readonly alongside?: () => Promise<void>;
}

export interface SnapshotStoreOptions {
  readonly database: Database;
  /** Raised with every change of what is written. */
  readonly format: number;
  readonly log: Log;
}

const TABLES = [
  `create schema if not exists snapshots;
   create table snapshots.snapshot (
     name text not null,
     revision bigint not null,
     format int not null,
     checksum bytea,
     taken_at timestamptz not null default now(),
     primary key (name, revision)
   );
   create table snapshots.part (
     name text not null,
     revision bigint not null,
     number int not null,
     bytes bytea not null,
     primary key (name, revision, number),
     foreign key (name, revision) references snapshots.snapshot on delete cascade
   )`,
];

const PART_BYTES = 1024 * 1024;
const PARTS_AT_ONCE = 8;

interface Row {
  readonly revision: bigint;
  readonly format: number;
  readonly checksum: Buffer;
}

/** Without a checksum it is not whole yet. */
export async function openSnapshotStore(options: SnapshotStoreOptions): Promise<SnapshotStore> {
  const { database, format, log } = options;
  await database.migrate("snapshots", TABLES);

  async function read(name: string, revision: bigint): Promise<Buffer> {
    const parts: Buffer[] = [];
    for (;;) {
      const rows = await database.query<{ bytes: Buffer }>(
        `select bytes from snapshots.part where name = $1 and revision = $2 and number >= $3
          order by number limit ${PARTS_AT_ONCE}`,
        [name, revision, parts.length],
      );
      parts.push(...rows.map(({ bytes }) => bytes));
      if (rows.length < PARTS_AT_ONCE) return Buffer.concat(parts);
    }
  }

  async function newestRow(name: string): Promise<Row | undefined> {
    const [found] = await database.query<Row>(
      `select revision, format, checksum from snapshots.snapshot where name = $1 and checksum is not null
        order by format = $2 desc, revision desc limit 1`,
      [name, format],
    );
    return found;
  }

  const discard = (name: string, revision: bigint): Promise<number> =>
    database.execute("delete from snapshots.snapshot where name = $1 and revision = $2", [name, revision]);

  return {
    async newest(name) {
      for (;;) {
        const found = await newestRow(name);
        if (found === undefined) return undefined;
        const { revision, checksum } = found;
        if (found.format !== format) {
          log.warn(
            { snapshot: name, revision, format: found.format },
            "snapshot of another format ignored, the whole stream is read instead",
          );
          return undefined;
        }
        const bytes = await read(name, revision);
        if (createHash("sha256").update(bytes).digest().equals(checksum)) return { revision, bytes };
        // Somebody wrote a newer one meanwhile, and deleted this one.
        if ((await newestRow(name))?.revision !== revision) continue;
        log.warn({ snapshot: name, revision }, "snapshot damaged, the whole stream is read instead");
        await discard(name, revision);
        return undefined;
      }
    },
    async write({ name, revision, pieces, alongside }) {
      // One that was left unfinished, or is of another release; and then nothing if it is whole.
      await database.execute(
        `delete from snapshots.snapshot
          where name = $1 and revision = $2 and (checksum is null or format <> $3)`,
        [name, revision, format],
      );
      const made = await database.execute(
        "insert into snapshots.snapshot (name, revision, format) values ($1, $2, $3) on conflict do nothing",
        [name, revision, format],
      );
      if (made === 0) return;
      await alongside?.();
      const checksum = createHash("sha256");
      let number = 0;
      for await (const part of partsOf(pieces)) {
        checksum.update(part);
        await database.execute("insert into snapshots.part values ($1, $2, $3, $4)", [
          name,
          revision,
          number,
          part,
        ]);
        number += 1;
      }
      await database.execute(
        "update snapshots.snapshot set checksum = $3 where name = $1 and revision = $2",
        [name, revision, checksum.digest()],
      );
      await database.execute(
        "delete from snapshots.snapshot where name = $1 and revision < $2 and format <= $3",
        [name, revision, format],
      );
    },
    async discardAfter(name, revision) {
      const gone = await database.execute(
        "delete from snapshots.snapshot where name = $1 and revision > $2",
        [name, revision],
      );
      return gone > 0;
    },
  };
}

/** One statement of fifty megabytes would hold everything else up, as would making them at once. */
async function* partsOf(pieces: Iterable<string | Buffer>): AsyncGenerator<Buffer> {
  let gathered: Buffer[] = [];
  let bytes = 0;
  for (const piece of pieces) {
    const made = typeof piece === "string" ? Buffer.from(piece) : piece;
    gathered.push(made);
    bytes += made.length;
    if (bytes < PART_BYTES) {
      await new Promise(setImmediate);
      continue;
    }
    const all = Buffer.concat(gathered);
    gathered = [];
    bytes = 0;
    for (let from = 0; from < all.length; from += PART_BYTES) yield all.subarray(from, from + PART_BYTES);
  }
  if (bytes > 0) yield Buffer.concat(gathered);
}
