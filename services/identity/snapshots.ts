import { createPeople, type People } from "#domain/identity/people.ts";
import type { Database } from "#platform/database.ts";
import type { Loaded } from "#platform/fold-stream.ts";
import type { Log } from "#platform/log.ts";
import { FORMAT, fromBytes, toBytes } from "./snapshot-format.ts";

// The index in the database, so that a takeover reads columns of numbers instead of a million events. It is only a short cut: losing
// it costs time, and one of another format is ignored.

export interface Snapshots {
  load(): Promise<Loaded<People> | undefined>;
  /** Those of events that the stream does not have (any more). */
  discardAfter(revision: bigint): Promise<void>;
  /** Writes one in the background when enough has happened since the last. */
  consider(index: Loaded<People>): void;
  /** Resolves when none is being written. */
  written(): Promise<void>;
}

const TABLES = [
  `create schema if not exists identity_index;
   create table identity_index.snapshot (
     revision bigint primary key,
     format int not null,
     complete boolean not null default false,
     taken_at timestamptz not null default now()
   );
   create table identity_index.part (
     revision bigint not null references identity_index.snapshot on delete cascade,
     number int not null,
     bytes bytea not null,
     primary key (revision, number)
   )`,
];

/** What a takeover has to read besides: a second or two, however many people there are. */
const EVERY_EVENTS = 50_000;
const EVERY_PART = 10;
const PART_BYTES = 1024 * 1024;

export async function createSnapshots(
  database: Database,
  log: Log,
  everyEvents = EVERY_EVENTS,
): Promise<Snapshots> {
  await database.migrate("identity_index", TABLES);
  let last = -1n;
  let writing: Promise<void> | undefined;

  async function write(revision: bigint, bytes: Buffer): Promise<void> {
    await database.execute(
      "insert into identity_index.snapshot (revision, format) values ($1, $2) on conflict do nothing",
      [revision, FORMAT],
    );
    // Part by part: one statement of fifty megabytes would hold everything else up.
    for (let number = 0; number * PART_BYTES < bytes.length; number += 1) {
      const part = bytes.subarray(number * PART_BYTES, (number + 1) * PART_BYTES);
      await database.execute("insert into identity_index.part values ($1, $2, $3) on conflict do nothing", [
        revision,
        number,
        part,
      ]);
    }
    await database.execute("update identity_index.snapshot set complete = true where revision = $1", [
      revision,
    ]);
    await database.execute("delete from identity_index.snapshot where revision < $1", [revision]);
    log.info({ revision, megabytes: Math.round(bytes.length / 1e6) }, "identity snapshot written");
  }

  return {
    async load() {
      const [newest] = await database.query<{ revision: bigint }>(
        `select revision from identity_index.snapshot where complete and format = $1
          order by revision desc limit 1`,
        [FORMAT],
      );
      if (newest === undefined) return undefined;
      const parts: Buffer[] = [];
      for (;;) {
        const rows = await database.query<{ bytes: Buffer }>(
          "select bytes from identity_index.part where revision = $1 and number >= $2 order by number limit 8",
          [newest.revision, parts.length],
        );
        if (rows.length === 0) break;
        parts.push(...rows.map(({ bytes }) => bytes));
      }
      const read = fromBytes(Buffer.concat(parts));
      if (read === undefined) {
        log.warn(
          { revision: newest.revision },
          "identity snapshot damaged, the whole stream is read instead",
        );
        return undefined;
      }
      last = newest.revision;
      return { state: createPeople(read.columns, read.splits, read.repeats), revision: newest.revision };
    },
    async discardAfter(revision) {
      const gone = await database.execute("delete from identity_index.snapshot where revision > $1", [
        revision,
      ]);
      if (gone === 0) return;
      last = -1n;
      log.error(
        { revision },
        "identity stream ends before its snapshot, so the log was restored from an older copy: snapshot discarded",
      );
    },
    consider({ state: people, revision }) {
      const due =
        last + BigInt(Math.max(everyEvents, Math.floor((people.count + people.repeats.count) / EVERY_PART)));
      if (revision === "no_stream" || writing !== undefined || revision < due) return;
      last = revision;
      const bytes = toBytes(people);
      writing = write(revision, bytes)
        .catch((error: unknown) => log.warn({ err: error }, "identity snapshot not written"))
        .finally(() => {
          writing = undefined;
        });
    },
    async written() {
      await writing;
    },
  };
}
