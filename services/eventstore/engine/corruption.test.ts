// Damage on disk leads to an error, when the log opens or at the latest when what is damaged is read.
import {
  closeSync,
  cpSync,
  openSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { ANY, event, events, NO_STREAM, PAGE } from "../../../test/eventstore/scratch-log.ts";
import { temporaryFolder } from "../../../test/eventstore/server.ts";
import { openEventLog } from "./open.ts";

const EVENTS = 300;
const LAST = "the very last event of the log";

const filled = temporaryFolder();
/** The same as a killed server leaves it: the newest commits are in the write-ahead log alone. */
const killed = temporaryFolder();

async function fill(): Promise<void> {
  const log = await openEventLog({ dir: filled });
  for (let count = 0; count < EVENTS - 1; count++) await log.append(`stream-${count % 7}`, ANY, events(1));
  await log.append("last", NO_STREAM, [event(LAST)]);
  for (const file of ["events.db", "events.db-wal", "acknowledged"])
    cpSync(join(filled, file), join(killed, file));
  await log.close();
  written = await contentOf(filled);
}

let written = "";

function copyOf(dir: string): string {
  const copy = temporaryFolder();
  cpSync(dir, copy, { recursive: true });
  return copy;
}

function flip(file: string, offset: number): void {
  const handle = openSync(file, "r+");
  const byte = readFileSync(file)[offset] ?? 0;
  writeSync(handle, Buffer.of(byte ^ 0x40), 0, 1, offset);
  closeSync(handle);
}

/** Everything that can be read, or the name of the error. */
async function contentOf(dir: string): Promise<string> {
  try {
    const log = await openEventLog({ dir });
    try {
      const streams = Array.from({ length: 7 }, (_, index) => `stream-${index}`);
      const found = [
        log.readAll("start", "forwards", PAGE),
        ...streams.map((stream) => log.readStream(stream, "start", "forwards", PAGE)),
      ];
      return found.flatMap((page) => page.events.map(({ wire }) => Buffer.from(wire).toString("hex"))).join();
    } finally {
      await log.close();
    }
  } catch (error) {
    return error instanceof Error ? error.name : String(error);
  }
}

async function conditionOf(dir: string): Promise<string> {
  const content = await contentOf(dir);
  if (content === written) return "intact";
  return content.includes(",") ? "served something else" : content;
}

const test = suite("corruption");
test.before(fill);

test("what was not damaged opens", async () => {
  assert.is(await conditionOf(copyOf(filled)), "intact");
  assert.is(await conditionOf(copyOf(killed)), "intact");
});

test("a flipped byte in the last event is an error when the log opens", async () => {
  const dir = copyOf(filled);
  const file = join(dir, "events.db");
  flip(file, readFileSync(file).indexOf(LAST) + 3);
  const error = await openEventLog({ dir }).catch((error: Error) => error.message);
  assert.match(String(error), `${dir} is damaged (the event at position ${EVENTS} is not as it was written)`);
});

test("a truncated database is an error", async () => {
  const dir = copyOf(filled);
  const file = join(dir, "events.db");
  truncateSync(file, statSync(file).size - 4096 * 3);
  assert.is(await conditionOf(dir), "CorruptLog");
});

test("acknowledged events that are missing from a damaged write-ahead log are an error", async () => {
  for (const damage of [
    (file: string) => truncateSync(file, statSync(file).size - 5_000),
    (file: string) => truncateSync(file, 0),
    (file: string) => flip(file, Math.floor(statSync(file).size / 2)),
    (file: string) => flip(file, statSync(file).size - 100),
  ]) {
    const dir = copyOf(killed);
    damage(join(dir, "events.db-wal"));
    const error = await openEventLog({ dir }).catch((error: Error) => error.message);
    assert.match(String(error), /the log ends at position \d+, but 300 was acknowledged/);
  }
});

test("a commit that was torn before it was acknowledged is ignored", async () => {
  const dir = copyOf(killed);
  const wal = join(dir, "events.db-wal");
  writeFileSync(wal, Buffer.concat([readFileSync(wal), readFileSync(wal).subarray(-3_000)]));
  assert.is(await conditionOf(dir), "intact");
});

test("lost rows are an error", async () => {
  for (const sql of ["delete from events where position = 100", "delete from events where position = 300"]) {
    const dir = copyOf(filled);
    const db = new DatabaseSync(join(dir, "events.db"));
    db.exec(sql);
    db.close();
    assert.is(await conditionOf(dir), "CorruptLog", sql);
  }
});

test("a damaged stream rejects its own writers and nobody else's", async () => {
  const dir = copyOf(filled);
  const db = new DatabaseSync(join(dir, "events.db"));
  db.exec("insert into streams values ('damaged', 1, 0, 'live', 0, 0, 0, 1)");
  db.close();
  const log = await openEventLog({ dir });
  const [damaged, sound] = await Promise.allSettled([
    log.append("damaged", ANY, events(1)),
    log.append("sound", ANY, events(1)),
  ]);
  assert.match(String(damaged.status === "rejected" && damaged.reason), "the entry of stream damaged");
  assert.is(sound.status, "fulfilled");
  await log.close();
});

test("no flipped byte anywhere in the database is ever served", async () => {
  const size = statSync(join(filled, "events.db")).size;
  await fc.assert(
    fc.asyncProperty(fc.nat({ max: size - 1 }), async (offset) => {
      const dir = copyOf(filled);
      flip(join(dir, "events.db"), offset);
      // A byte of unused space harms nobody; any other must be noticed.
      assert.ok(["intact", "CorruptLog", "DataFolderError"].includes(await conditionOf(dir)));
    }),
    { numRuns: 60 },
  );
});

test.run();
