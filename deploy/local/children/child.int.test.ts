import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { getPriority, tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { until } from "../../../test/harness/wait.ts";
import type { Child } from "./child.ts";
import { createChildren } from "./children.ts";

const test = suite("a process that is kept running");
const dataDir = mkdtempSync(join(tmpdir(), "child-"));
mkdirSync(join(dataDir, "logs"));
const said: string[] = [];
const children = createChildren({
  dataDir,
  env: { PATH: process.env.PATH },
  owner: true,
  say: (line) => said.push(line),
  onGiveUp: (problem) => said.push(problem.message),
});
let child: Child | undefined;
test.after(async () => {
  await child?.stop();
  children.close();
  rmSync(dataDir, { recursive: true, force: true });
});

/** Ready at its first start only; later it says that it is there, and no more. */
const PROGRAM = `
  const { existsSync, writeFileSync } = require("node:fs");
  const isFirst = !existsSync("started");
  writeFileSync("started", "");
  console.log(isFirst ? "ready " + process.pid : "not yet " + process.pid);
  setInterval(() => {}, 1000);`;

test("is not said to start again while it is stopped, although it was not ready", async () => {
  let deaths = 0;
  child = children.start({
    name: "gateway",
    command: "/bin/sh",
    args: ["-c", `cd "${dataDir}" && exec "${process.execPath}" -e '${PROGRAM}'`],
    env: {},
    ready: /^ready (\d+)$/,
    readyWithinMs: 20_000,
    stopSignal: "SIGTERM",
    stopWithinMs: 5_000,
    onDied: () => {
      deaths += 1;
    },
  });
  const [, pid] = await child.ready;
  process.kill(Number(pid), "SIGKILL");
  const again = /^gateway ended with signal SIGKILL, starts again in \d\.\d s$/;
  await until("it is started again", () => again.test(said[0] ?? ""));
  const log = join(dataDir, "logs/gateway.log");
  await until("it runs again", () => readFileSync(log, "utf8").includes("not yet"));
  await child.stop();
  child = undefined;
  assert.is(said.length, 1, said.join("\n"));
  assert.is(deaths, 1);
});

test("is started again where that can't be noted, as while the disk is full", async () => {
  const noted = join(dataDir, "processes");
  said.splice(0);
  child = children.start({
    name: "worker",
    command: process.execPath,
    args: ["-e", "console.log('ready ' + process.pid); setInterval(() => {}, 1000)"],
    env: {},
    ready: /^ready (\d+)$/,
    readyWithinMs: 20_000,
    stopSignal: "SIGTERM",
    stopWithinMs: 5_000,
  });
  const [, pid] = await child.ready;
  rmSync(noted, { recursive: true });
  // No folder can be made where a file stands, whoever asks.
  writeFileSync(noted, "");
  process.kill(Number(pid), "SIGKILL");
  await until("it is back", () => said.some((line) => line.startsWith("worker is back")), 20_000);
  await child.stop();
  child = undefined;
  rmSync(noted);
});

test("that can't be started makes nobody else stand back", async () => {
  const own = getPriority();
  const missing = children.start({
    name: "worker",
    command: join(dataDir, "nowhere"),
    args: [],
    env: {},
    niceness: 5,
    ready: /^ready$/,
    readyWithinMs: 20_000,
    stopSignal: "SIGTERM",
    stopWithinMs: 5_000,
  });
  await missing.ready.then(
    () => assert.unreachable(),
    ({ message }) => assert.match(message, /worker ended with spawn \S+nowhere ENOENT/),
  );
  await missing.stop();
  assert.is(getPriority(), own);
});

test.run();
