// A port that was given away is nobody else's, whether its owner listens there yet or not.
import { execFile } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { promisify } from "node:util";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { freePort } from "./free-port.ts";

const test = suite("free ports");
const module = new URL("./free-port.ts", import.meta.url).href;

/** Of which nobody else is given any. */
const OURS = { first: 12_000, count: 8_000 };

/** Two ports that nobody uses, next to one another. */
async function twoPorts(): Promise<{ first: number; count: 2 }> {
  for (;;) {
    const first = await freePort(OURS);
    const range = { first: first + 1, count: 2 } as const;
    const isFree = await inAnotherProcess(range, 2).then(
      () => true,
      () => false,
    );
    if (isFree) return range;
  }
}

/** What it is given, and gives back by ending. */
async function inAnotherProcess(range: { first: number; count: number }, times = 1): Promise<number[]> {
  const script = `const { freePort } = await import(${JSON.stringify(module)});
    const all = [];
    for (let n = 0; n < ${times}; n += 1) all.push(await freePort(${JSON.stringify(range)}));
    console.log(JSON.stringify(all));`;
  const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "--eval", script]);
  return JSON.parse(stdout);
}

test("nobody is given the port of another who does not listen yet, in this process or in another", async () => {
  const range = await twoPorts();
  const mine = await freePort(range);
  const [theirs = 0] = await inAnotherProcess(range);
  assert.equal([mine, theirs].sort(), [range.first, range.first + 1]);
  assert.is(await freePort(range), theirs, "the other process has ended");
  await assertNone(range);
});

test("a port where somebody listens who did not ask is passed over", async () => {
  const range = await twoPorts();
  const server = createServer().listen(range.first, "127.0.0.1").unref();
  await once(server, "listening");
  assert.is(await freePort(range), range.first + 1);
  await assertNone(range);
  server.close();
});

test("many who ask at once are given as many ports", async () => {
  const ports = await Promise.all(Array.from({ length: 100 }, () => freePort()));
  assert.is(new Set(ports).size, 100);
});

async function assertNone(range: { first: number; count: number }): Promise<void> {
  const given = await freePort(range).catch((error: Error) => error.message);
  assert.is(given, `This machine has no free port from ${range.first} to ${range.first + 1}.`);
}

test.run();
