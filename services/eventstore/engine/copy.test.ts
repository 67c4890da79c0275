import { cpSync, existsSync, mkdirSync, readdirSync, statSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { ANY, event, events, ids, metadata, PAGE, scratchLog } from "../../../test/eventstore/scratch-log.ts";
import { temporaryFolder } from "../../../test/eventstore/server.ts";
import { checkCopy } from "./check-copy.ts";
import { CorruptLog, type EventLog } from "./event-log.ts";
import { openEventLog } from "./open.ts";

const test = suite("a copy of the log");

/** As a restore puts it into place. */
function folderOf(file: string): string {
  const dir = join(temporaryFolder("copied-log-"), "eventstore");
  mkdirSync(dir);
  cpSync(file, join(dir, "events.db"));
  return dir;
}

function allIn(log: EventLog): string[] {
  const found: string[] = [];
  for (let next: bigint | undefined = 1n; next !== undefined; ) {
    const page = log.readAll(next, "forwards", PAGE);
    found.push(...ids(page.events));
    next = page.next;
  }
  return found;
}

test("made while events are appended holds the events up to one position, and none twice", async () => {
  const scratch = await scratchLog();
  const { log } = scratch;
  for (let n = 0; n < 20; n += 1) await log.append(`before-${n}`, ANY, events(500));
  const before = log.head;
  let running = true;
  const appending = (async () => {
    for (let n = 0; running; n += 1) await log.append(`during-${n % 50}`, ANY, events(20));
  })();
  const copies = async () => {
    // Many times, since each begins at another moment of a transaction.
    for (let n = 0; n < 15; n += 1) await log.copy();
    return log.copy();
  };
  const { file, head } = await copies().finally(() => {
    running = false;
  });
  await appending;
  assert.ok(head >= before, `${head} is before ${before}`);

  const dir = folderOf(file);
  await checkCopy(dir, head);
  const copied = await openEventLog({ dir });
  assert.equal(allIn(copied), allIn(log).slice(0, Number(head)));
  assert.equal(await copied.append("after", ANY, events(1)), {
    outcome: "appended",
    revision: 0n,
    position: head + 1n,
  });
  await copied.close();
  await log.close();
});

test("has what metadata, deletions and tombstones hide", async () => {
  const { log } = await scratchLog();
  for (const stream of ["kept", "cut", "deleted", "tombstoned"]) await log.append(stream, ANY, events(5));
  await log.append("$$cut", ANY, [metadata({ $maxCount: 2 })]);
  await log.softDelete("deleted", ANY);
  await log.tombstone("tombstoned", ANY);
  const { file, head } = await log.copy();
  const dir = folderOf(file);
  await checkCopy(dir, head);
  const copied = await openEventLog({ dir });
  const seen = (from: EventLog) =>
    ["kept", "cut", "deleted", "tombstoned"].map((stream) => {
      const { outcome, events: found } = from.readStream(stream, "start", "forwards", PAGE);
      return [outcome, ids(found)];
    });
  assert.equal(seen(copied), seen(log));
  await copied.close();
  await log.close();
});

test("asked for twice at once is made once, and replaces the one before", async () => {
  const scratch = await scratchLog();
  const { dir, log } = scratch;
  await log.append("a", ANY, [event()]);
  const [one, other] = await Promise.all([log.copy(), log.copy()]);
  assert.equal(one, other);
  await log.append("a", ANY, [event()]);
  assert.is((await log.copy()).head, one.head + 1n);
  assert.equal(
    readdirSync(dir).filter((name) => name.startsWith("copy")),
    ["copy.db"],
  );
  const reopened = await scratch.reopened();
  assert.not.ok(existsSync(join(scratch.dir, "copy.db")), "one that nobody fetched goes with the server");
  await reopened.close();
});

test("that is cut off, or ends elsewhere than it says, is refused", async () => {
  const { log } = await scratchLog();
  for (let n = 0; n < 10; n += 1) await log.append("a", ANY, events(500));
  const { file, head } = await log.copy();
  await log.close();
  const refusal = async (dir: string, at = head): Promise<unknown> =>
    checkCopy(dir, at).then(
      () => undefined,
      (error: unknown) => error,
    );
  assert.instance(await refusal(folderOf(file), head + 1n), CorruptLog);
  const cut = folderOf(file);
  truncateSync(join(cut, "events.db"), Math.floor(statSync(file).size / 2));
  assert.instance(await refusal(cut), CorruptLog);
});

test.run();
