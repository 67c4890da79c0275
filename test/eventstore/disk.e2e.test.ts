// What clients and operators see when the disk is full, in use or damaged.
import { execFileSync } from "node:child_process";
import {
  closeSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statfsSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { type EventStoreDBClient, jsonEvent } from "@eventstore/db-client";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { openEventLog } from "../../services/eventstore/engine/open.ts";
import { collect, connect, until } from "./client.ts";
import { ANY, events } from "./scratch-log.ts";
import { DidNotStart, type EventStoreServer, startEventStore, temporaryFolder } from "./server.ts";

const STREAM = "written";
const DAMAGED = /is damaged \(the event at position \d+ is not as it was written\)/;

const append = (client: EventStoreDBClient, text: string): Promise<string> =>
  client.appendToStream(STREAM, jsonEvent({ type: "Written", data: { text } })).then(
    () => "appended",
    (error: Error) => error.message,
  );

async function serving(
  dir: string,
  use: (client: EventStoreDBClient, server: EventStoreServer) => Promise<void>,
): Promise<void> {
  const server = await startEventStore({ dir });
  const client = connect(server);
  try {
    await use(client, server);
  } finally {
    await client.dispose();
    await server.stop();
  }
}

async function startError(dir: string): Promise<DidNotStart> {
  const error = await startEventStore({ dir }).then(
    async (server) => {
      await server.stop();
      return undefined;
    },
    (reason: unknown) => reason,
  );
  assert.instance(error, DidNotStart);
  return error as DidNotStart;
}

/** A folder of eight megabytes, where this process may mount one. */
function smallDisk(): string | undefined {
  const dir = temporaryFolder("small-disk-");
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=8m", "tmpfs", dir], { stdio: "ignore" });
    return dir;
  } catch {
    return undefined;
  }
}

const test = suite("disk");
const disk = smallDisk();
test.after(() => {
  if (disk) execFileSync("umount", ["--lazy", disk]);
});

test("a full disk rejects writes and no reads, until there is room", async () => {
  if (disk === undefined) return console.log("skipped: a small disk can only be mounted by root");
  const ballast = join(disk, "ballast");
  writeFileSync(ballast, Buffer.alloc(3 * 1024 * 1024));
  await serving(disk, async (client) => {
    const text = "x".repeat(100_000);
    let written = 0;
    let outcome = "appended";
    while (outcome === "appended") {
      outcome = await append(client, text);
      if (outcome === "appended") written += 1;
    }
    assert.match(outcome, /cannot be used at the moment: database or disk is full/);
    assert.ok(written > 5);
    assert.is((await collect(client.readStream(STREAM))).length, written);
    rmSync(ballast);
    assert.is(await append(client, "there is room again"), "appended");
    assert.is((await collect(client.readStream(STREAM))).length, written + 1);
  });
  await serving(disk, async (client) => {
    assert.match(
      JSON.stringify((await collect(client.readStream(STREAM))).at(-1)?.event?.data),
      "room again",
    );
  });
});

test("a copy that finds no room for all of it takes none", async () => {
  if (disk === undefined) return console.log("skipped: a small disk can only be mounted by root");
  const dir = join(disk, "copied");
  const log = await openEventLog({ dir });
  for (let n = 0; n < 4; n += 1) await log.append(`room-${n}`, ANY, events(500));
  const ballast = join(disk, "ballast");
  const { bavail, bsize } = statfsSync(disk);
  writeFileSync(ballast, Buffer.alloc(bavail * bsize - 256 * 1024));
  const copied = await log.copy().then(
    () => "copied",
    (error: Error) => error.message,
  );
  assert.match(copied, /full/);
  assert.equal(
    readdirSync(dir).filter((name) => name.startsWith("copy")),
    [],
  );
  assert.is((await log.append("room", ANY, events(100))).outcome, "appended");
  rmSync(ballast);
  assert.is((await log.copy()).head, log.head);
  await log.close();
});

test("an I/O error rejects writes and is logged once, until writes succeed", async () => {
  if (process.platform !== "linux")
    return console.log("skipped: only Linux limits the files of a running process");
  await serving(temporaryFolder(), async (client, server) => {
    const filesUpTo = (bytes: string): string =>
      execFileSync("prlimit", ["--pid", `${server.pid}`, `--fsize=${bytes}:unlimited`]).toString();
    filesUpTo("1000000");
    let outcome = "appended";
    while (outcome === "appended") outcome = await append(client, "x".repeat(100_000));
    assert.match(outcome, /cannot be used at the moment: disk I\/O error/);
    assert.is(await append(client, "x".repeat(100_000)), outcome);
    filesUpTo("unlimited");
    assert.is(await append(client, "again"), "appended");
    await until(() => server.log().includes("appends accepted again"));
    assert.is(server.log().split("appends rejected").length - 1, 1);
  });
});

test("a second server on the same folder ends, naming the first", async () => {
  const dir = temporaryFolder();
  await serving(dir, async (_, { pid }) => {
    const { exit, log } = await startError(dir);
    assert.is(exit.code, 1);
    assert.match(log, `${dir} is in use by process ${pid}`);
  });
});

test("a damaged end is an error at the start, other damage when it is read", async () => {
  const dir = temporaryFolder();
  const texts = ["the first of all", ...Array.from({ length: 3_000 }, () => "between"), "the last of all"];
  await serving(dir, async (client) => {
    await client.appendToStream(
      STREAM,
      texts.map((text) => jsonEvent({ type: "Written", data: { text } })),
    );
  });
  damage(dir, "the first of all");
  await serving(dir, async (client, server) => {
    const error = await collect(client.readStream(STREAM)).catch((reason: unknown) => reason);
    assert.instance(error, Error);
    await until(() => DAMAGED.test(server.log()));
    assert.is(await append(client, "the very last"), "appended");
  });
  damage(dir, "the very last");
  const { log } = await startError(dir);
  assert.match(log, DAMAGED);
});

function damage(dir: string, text: string): void {
  const file = join(dir, "events.db");
  const at = readFileSync(file).indexOf(text);
  assert.ok(at > 0);
  const handle = openSync(file, "r+");
  writeSync(handle, "T", at);
  closeSync(handle);
}

test.run();
