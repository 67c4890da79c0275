// A copy of the log, as npm run backup asks for it.
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Client, credentials, Metadata, ServerCredentials } from "@grpc/grpc-js";
import { pino } from "pino";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { scratchLog } from "../../../test/eventstore/scratch-log.ts";
import { startApp } from "../app.ts";
import type { LogCopy } from "../engine/event-log.ts";
import { COPY_PATH } from "./copy.ts";

const test = suite("a copy over the wire");
const scratch = await scratchLog();
const file = join(scratch.dir, "copy.db");
/** Copies that are under way: each is whole once it is told so. */
const underWay: (() => void)[] = [];
let copying: Promise<LogCopy> | undefined;

/** One at a time, as the engine makes it. */
function copy(): Promise<LogCopy> {
  copying ??= new Promise<LogCopy>((resolve) => {
    underWay.push(() => {
      writeFileSync(file, "");
      resolve({ file, head: 1n });
    });
  }).finally(() => {
    copying = undefined;
  });
  return copying;
}

const app = await startApp({
  log: { ...scratch.log, copy },
  logger: pino({ level: "silent" }),
  host: "127.0.0.1",
  port: 0,
  credentials: ServerCredentials.createInsecure(),
  users: [],
});
const client = new Client(app.address, credentials.createInsecure());
test.after(async () => {
  client.close();
  await app.close();
  await scratch.log.close();
});

const asIs = (bytes: Buffer): Buffer => bytes;

function call(path: string) {
  const answered = Promise.withResolvers<string>();
  const made = client.makeUnaryRequest(path, asIs, asIs, Buffer.alloc(0), new Metadata(), (error, bytes) =>
    answered.resolve(error === null ? String(bytes) : `code ${error.code}`),
  );
  return { cancel: () => made.cancel(), answered: answered.promise };
}

/** Resolves once the server has seen all that was sent before. */
async function seen(): Promise<void> {
  await call("/event_store.client.gossip.Gossip/Read").answered;
}

async function askTwo() {
  const one = call(COPY_PATH);
  const other = call(COPY_PATH);
  await seen();
  assert.is(underWay.length, 1);
  return [one, other] as const;
}

test("is taken away where whoever asked is gone before it is whole", async () => {
  const [one, other] = await askTwo();
  one.cancel();
  other.cancel();
  await seen();
  underWay.shift()?.();
  await seen();
  assert.not.ok(existsSync(file));
});

test("is kept for who still waits for it", async () => {
  const [one, other] = await askTwo();
  other.cancel();
  await seen();
  underWay.shift()?.();
  assert.equal(JSON.parse(await one.answered), { file, head: "1" });
  await seen();
  assert.ok(existsSync(file));
});

test.run();
