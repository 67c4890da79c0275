// Rows of streams follow their events; whenever the server dies, what it knew of its streams is known again.
import { cpSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { ANY, events, metadata, NO_STREAM, PAGE, revision } from "../../../test/eventstore/scratch-log.ts";
import { temporaryFolder } from "../../../test/eventstore/server.ts";
import { type DataFolder, openDataFolder } from "./data-folder.ts";
import { type DurableEventLog, logIn } from "./open.ts";
import { Storage } from "./storage.ts";
import { KEEP_ALL } from "./stream-head.ts";

const STREAMS = Array.from({ length: 12 }, (_, index) => `stream-${index}`);
const EVENTS_PER_ROUND = 40;

const opened = (folder: DataFolder): DurableEventLog => logIn(folder, Date.now, undefined, EVENTS_PER_ROUND);

/** As a killed server leaves it: what was committed is in the files, and nothing was tidied up. */
function asKilled({ dir }: DataFolder): DataFolder {
  const copy = temporaryFolder();
  for (const file of ["events.db", "events.db-wal", "acknowledged"])
    cpSync(join(dir, file), join(copy, file));
  return openDataFolder(copy);
}

const known = (log: DurableEventLog) =>
  STREAMS.flatMap((stream) => [stream, `$$${stream}`]).map((stream) => {
    const { outcome, lastRevision, events: found } = log.readStream(stream, "start", "forwards", PAGE);
    return [stream, outcome, lastRevision, log.lastRevision(stream), found.map((event) => event.revision)];
  });

const streams = fc.constantFrom(...STREAMS);
const deed = fc.oneof(
  { weight: 20, arbitrary: fc.tuple(fc.constant("append"), streams, fc.integer({ min: 1, max: 9 })) },
  { weight: 2, arbitrary: fc.tuple(fc.constant("limit"), streams, fc.integer({ min: 0, max: 3 })) },
  { weight: 1, arbitrary: fc.tuple(fc.constant("delete"), streams, fc.constant(0)) },
  { weight: 1, arbitrary: fc.tuple(fc.constant("tombstone"), streams, fc.constant(0)) },
);

async function perform(log: DurableEventLog, [what, stream, number]: [string, string, number]) {
  if (what === "append") await log.append(stream, ANY, events(number));
  else if (what === "delete") await log.softDelete(stream, ANY);
  else if (what === "tombstone") await log.tombstone(stream, ANY);
  else await log.append(`$$${stream}`, ANY, [metadata(number === 0 ? {} : { $maxCount: number })]);
}

const rowsThrough = ({ database }: DataFolder): number =>
  Number(database.prepare("select through from rows").get()?.through);

const test = suite("late rows");

test("a server that is killed at any moment knows all its streams again", async () => {
  let rounds = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(deed, { minLength: 30, maxLength: 90 }), async (deeds) => {
      const folder = openDataFolder(temporaryFolder());
      const log = opened(folder);
      for (const [index, one] of deeds.entries()) {
        await perform(log, one);
        if (index % 13 !== 12) continue;
        const copy = asKilled(folder);
        const again = opened(copy);
        assert.equal(known(again), known(log));
        rounds += rowsThrough(copy) > 0 ? 1 : 0;
        await again.close();
      }
      await log.close();
    }),
    { numRuns: 25 },
  );
  assert.ok(rounds > 25, "rows were written in between");
});

test("rows that were written stand for events that are not read again", async () => {
  const folder = openDataFolder(temporaryFolder());
  const log = opened(folder);
  for (let count = 0; count < 30; count++)
    await Promise.all(STREAMS.map((stream) => log.append(stream, ANY, events(1))));
  const through = rowsThrough(folder);
  assert.ok(through > 200 && through < 360, `through ${through} of 360`);
  folder.database.exec("delete from streams where name = 'stream-3'");
  const copy = asKilled(folder);
  assert.throws(() => opened(copy), /is newer than its stream stream-3/);
  copy.close();
  await log.close();
});

test("a folder of format 1, where every stream has its row, is taken over", async () => {
  const folder = openDataFolder(temporaryFolder());
  const log = opened(folder);
  await log.append("old", NO_STREAM, events(3));
  new Storage(folder.database, folder.dir).saveHead({
    name: "old",
    number: 1,
    last: 2,
    life: "live",
    retention: KEEP_ALL,
  });
  folder.database.exec("drop table rows; pragma user_version = 1");
  await log.close();
  const migrated = openDataFolder(folder.dir);
  assert.is(rowsThrough(migrated), 3);
  const again = opened(migrated);
  assert.is((await again.append("old", revision(2), events(1))).outcome, "appended");
  assert.is(again.lastRevision("old"), 3n);
  await again.close();
});

test.run();
