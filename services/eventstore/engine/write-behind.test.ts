// Rows of streams are written behind the events; whenever the server dies, it knows its streams again when it opens.
import { cpSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { ANY, events, metadata, NO_STREAM, PAGE, revision } from "../../../test/eventstore/scratch-log.ts";
import { temporaryFolder } from "../../../test/eventstore/server.ts";
import { type DataFolder, openDataFolder } from "./data-folder.ts";
import type { EventLog } from "./event-log.ts";
import { openLogIn } from "./open.ts";

const STREAMS = ["first", "second", "third"];
const EVENTS_PER_ROUND = 200;

const opened = (folder: DataFolder): EventLog => openLogIn(folder, { eventsPerRound: EVENTS_PER_ROUND });

/** The folder as a killed server leaves it: the files hold what was committed, and nothing was tidied up. */
function asKilled({ dir }: DataFolder): DataFolder {
  const copy = temporaryFolder();
  for (const file of ["events.db", "events.db-wal", "acknowledged"])
    cpSync(join(dir, file), join(copy, file));
  return openDataFolder(copy);
}

const known = (log: EventLog, streams: readonly string[]) =>
  streams.map((stream) => {
    const { outcome, events: found } = log.readStream(stream, "start", "forwards", PAGE);
    return [stream, outcome, log.lastRevision(stream), found.map((event) => event.revision)];
  });

const streams = fc.constantFrom(...STREAMS);
const command = fc.oneof(
  { weight: 9, arbitrary: fc.record({ kind: fc.constant("append"), stream: streams }) },
  { weight: 9, arbitrary: fc.record({ kind: fc.constant("begin"), stream: fc.uuid() }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("limit"), stream: streams }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("unlimit"), stream: streams }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("delete"), stream: streams }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("tombstone"), stream: fc.uuid() }) },
);

type Command = typeof command extends fc.Arbitrary<infer One> ? One : never;

/** Many streams begin at once, so a round takes several transactions. */
const namesOf = ({ kind, stream }: Command): string[] =>
  kind === "begin" ? Array.from({ length: 60 }, (_, index) => `${stream}-${index}`) : [stream];

async function perform(log: EventLog, { kind, stream }: Command): Promise<void> {
  if (kind === "delete") await log.softDelete(stream, ANY);
  else if (kind === "tombstone") await log.tombstone(stream, ANY);
  else if (kind === "limit") await log.append(`$$${stream}`, ANY, [metadata({ $maxCount: 2 })]);
  else if (kind === "unlimit") await log.append(`$$${stream}`, ANY, [metadata({})]);
  else await Promise.all(namesOf({ kind, stream }).map((name) => log.append(name, ANY, events(1))));
}

const rowsThrough = ({ database }: DataFolder): number =>
  Number(database.prepare("select through from rows").get()?.through);

const test = suite("write-behind");

test("a server that is killed at any moment knows all its streams again", async () => {
  let withRows = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(command, { minLength: 20, maxLength: 40 }), async (commands) => {
      const folder = openDataFolder(temporaryFolder());
      const log = opened(folder);
      const names = [...STREAMS];
      for (const [index, one] of commands.entries()) {
        await perform(log, one);
        names.push(...namesOf(one));
        if (index % 4 !== 3) continue;
        const copy = asKilled(folder);
        const again = opened(copy);
        assert.equal(known(again, names), known(log, names));
        withRows += rowsThrough(copy) > 0 ? 1 : 0;
        await again.close();
      }
      await log.close();
    }),
    { numRuns: 12 },
  );
  assert.ok(withRows > 12);
});

test("events whose rows are written are not read again", async () => {
  const folder = openDataFolder(temporaryFolder());
  const log = opened(folder);
  for (let count = 0; count < 160; count++)
    await Promise.all(STREAMS.map((stream) => log.append(stream, ANY, events(1))));
  const through = rowsThrough(folder);
  assert.ok(through >= 200 && through < 480, `through ${through} of 480`);
  folder.database.exec("delete from streams where name = 'second'");
  const copy = asKilled(folder);
  assert.throws(() => opened(copy), /is newer than its stream second/);
  copy.close();
  await log.close();
});

test("a closed log has all its rows", async () => {
  const folder = openDataFolder(temporaryFolder());
  const log = opened(folder);
  await log.append("closed", NO_STREAM, events(3));
  assert.is(rowsThrough(folder), 0);
  await log.close();
  const again = openDataFolder(folder.dir);
  assert.is(rowsThrough(again), 3);
  assert.equal(again.database.prepare("select last from streams").get()?.last, 2);
  again.close();
});

test("a folder of format 1, where every stream has its row, is migrated", async () => {
  const folder = openDataFolder(temporaryFolder());
  const log = opened(folder);
  await log.append("old", NO_STREAM, events(3));
  await log.close();
  const database = new DatabaseSync(join(folder.dir, "events.db"));
  database.exec("drop table rows; pragma user_version = 1");
  database.close();
  const migrated = openDataFolder(folder.dir);
  assert.is(rowsThrough(migrated), 3);
  const again = opened(migrated);
  assert.is((await again.append("old", revision(2), events(1))).outcome, "appended");
  assert.is(again.lastRevision("old"), 3n);
  await again.close();
});

test.run();
