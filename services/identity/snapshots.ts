import { setImmediate as nextTurn } from "node:timers/promises";
import { createPeopleInSteps, type People } from "#domain/identity/people.ts";
import type { Database } from "#platform/database.ts";
import type { Loaded } from "#platform/fold-stream.ts";
import type { Log } from "#platform/log.ts";
import { openSnapshotStore } from "#platform/snapshots.ts";
import { FORMAT, fromBytes, type StoredIndex, toBytes } from "./snapshot-format.ts";

// The index as columns of numbers, which a takeover reads instead of a million events.

export interface Snapshots {
  load(): Promise<Loaded<People> | undefined>;
  /** Those of events that the stream does not have (any more). */
  discardAfter(revision: bigint): Promise<void>;
  /** Writes one in the background when enough has happened since the last. */
  consider(index: Loaded<People>): void;
  /** Resolves when none is being written. */
  written(): Promise<void>;
}

const NAME = "identity";

/** What an earlier release kept of people's traits in tables of its own; the tables stay, for that release may be run again. */
const LEFT_OVER = [
  `do $$ begin
     if to_regclass('identity_index.snapshot') is not null then truncate identity_index.snapshot cascade; end if;
   end $$`,
];

/** What a takeover has to read besides: a second or two, however many people there are. */
const EVERY_EVENTS = 50_000;
const EVERY_PART = 10;

export async function createSnapshots(
  database: Database,
  log: Log,
  everyEvents = EVERY_EVENTS,
): Promise<Snapshots> {
  await database.migrate("identity_index_moved", LEFT_OVER);
  const store = await openSnapshotStore({ database, format: FORMAT, log });
  let last = -1n;
  let writing: Promise<void> | undefined;

  async function write(revision: bigint, bytes: Buffer): Promise<void> {
    await store.write({ name: NAME, revision, pieces: [bytes] });
    log.info({ revision, megabytes: Math.round(bytes.length / 1e6) }, "identity snapshot written");
  }

  return {
    async load() {
      const found = await store.newest(NAME);
      if (found === undefined) return undefined;
      const { revision, bytes } = found;
      const read = fromBytes(bytes);
      if (read === undefined) {
        log.warn({ revision }, "identity snapshot damaged, the whole stream is read instead");
        return undefined;
      }
      last = revision;
      return { state: await peopleOf(read), revision };
    },
    async discardAfter(revision) {
      if (!(await store.discardAfter(NAME, revision))) return;
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

/** Other roles of the process have leases to renew meanwhile. */
async function peopleOf({ columns, splits, repeats }: StoredIndex): Promise<People> {
  const steps = createPeopleInSteps(columns, splits, repeats);
  let step = steps.next();
  for (; !step.done; step = steps.next()) await nextTurn();
  return step.value;
}
