import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { ANY, events, PAGE, revision, revisions } from "../../../test/eventstore/scratch-log.ts";
import { temporaryFolder } from "../../../test/eventstore/server.ts";
import { openDataFolder } from "./data-folder.ts";
import { openEventLog, openLogIn } from "./open.ts";

const openingError = (dir: string): Promise<string> =>
  openEventLog({ dir }).then(
    () => "opened",
    (error: Error) => `${error.name}: ${error.message}`,
  );

async function folderWith(sql: string): Promise<string> {
  const dir = temporaryFolder();
  await (await openEventLog({ dir })).close();
  const db = new DatabaseSync(join(dir, "events.db"));
  db.exec(sql);
  db.close();
  return dir;
}

const test = suite("data folder");

test("a second process is rejected with the id of the first, which leaves no lock when it is killed", async () => {
  const dir = temporaryFolder();
  const script = `
    const { openEventLog } = await import(${JSON.stringify(import.meta.resolve("./open.ts"))});
    await openEventLog({ dir: ${JSON.stringify(dir)} });
    console.log("open");
    setInterval(() => {}, 1000);`;
  const flags = ["--disable-warning=ExperimentalWarning", "--input-type=module", "--eval", script];
  const holder = spawn(process.execPath, flags, { stdio: ["ignore", "pipe", "inherit"] });
  await once(holder.stdout, "data");
  const error = await openingError(dir);
  holder.kill("SIGKILL");
  await once(holder, "exit");
  assert.match(error, `DataFolderError: ${dir} is in use by process ${holder.pid}`);
  const log = await openEventLog({ dir });
  assert.match(await openingError(dir), `in use by process ${process.pid}`);
  await log.close();
});

test("a folder of another format is rejected with what to do", async () => {
  assert.match(
    await openingError(await folderWith("pragma user_version = 7")),
    /format 7, and this version reads format 2\. Run the version that wrote it/,
  );
});

test("a database that is not an event log is rejected", async () => {
  assert.match(await openingError(await folderWith("pragma application_id = 1")), "is not an event log");
});

test("a file that is no database is rejected", async () => {
  const dir = temporaryFolder();
  writeFileSync(join(dir, "events.db"), "This is no database. ".repeat(500));
  assert.match(await openingError(dir), "CorruptLog");
});

test("a path that is a file is rejected", async () => {
  const dir = join(temporaryFolder(), "file");
  writeFileSync(dir, "");
  assert.match(await openingError(dir), "DataFolderError");
  rmSync(dir);
});

// Written by the last version that had persistent subscriptions: a group on a stream, with a checkpoint and a parked
// event, and one on $all. Their definitions, checkpoints and links are ordinary system streams.
test("a folder with persistent subscriptions still opens, and their streams can be read", async () => {
  const dir = temporaryFolder();
  cpSync(join(import.meta.dirname, "../fixtures/persistent-subscriptions"), dir, { recursive: true });
  const log = await openEventLog({ dir });
  const { events: all } = log.readAll("start", "forwards", PAGE);
  const streams = new Set(all.map(({ stream }) => stream));
  const ofGroup = "$persistentsubscription-orders::shippers";
  assert.equal(
    [...streams],
    [
      "$epoch-information",
      "orders",
      "$persistentSubscriptionConfig",
      `${ofGroup}-checkpoint`,
      `$$${ofGroup}-checkpoint`,
      `${ofGroup}-parked`,
    ],
  );
  assert.equal(revisions(log.readStream(`${ofGroup}-checkpoint`, "start", "forwards", PAGE).events), [1, 2]);
  const appended = await log.append("orders", revision(3), events(1));
  assert.equal(appended, { outcome: "appended", revision: 4n, position: BigInt(all.length) + 1n });
  await log.close();
});

test("a full disk rejects writes, not reads, and recovers when there is room", async () => {
  const folder = openDataFolder(temporaryFolder());
  const log = openLogIn(folder);
  await log.append("room", ANY, events(10));
  const { page_count: pages } = folder.database.prepare("pragma page_count").get() ?? {};
  folder.database.exec(`pragma max_page_count = ${pages}`);
  const outcomes = await Promise.allSettled(
    Array.from({ length: 20 }, () => log.append("room", ANY, events(50))),
  );
  const reasons = outcomes.map((one) => (one.status === "rejected" ? `${one.reason}` : "appended"));
  assert.match(
    reasons.at(-1) ?? "",
    /StoreUnavailable: .* cannot be used at the moment: database or disk is full/,
  );
  assert.is(log.head, 10n);
  assert.is(log.readStream("room", "start", "forwards", PAGE).events.length, 10);
  folder.database.exec("pragma max_page_count = 1000000");
  const again = await log.append("room", ANY, events(50));
  assert.is(again.outcome === "appended" && again.revision, 59n);
  await log.close();
});

test.run();
