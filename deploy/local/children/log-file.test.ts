import {
  appendFileSync,
  existsSync,
  fstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type LogFile, openLogFile } from "./log-file.ts";
import { followLog } from "./log-follower.ts";

const test = suite("a child's log");
const dir = mkdtempSync(join(tmpdir(), "log-file-"));
const opened: LogFile[] = [];
test.after(() => {
  for (const log of opened) log.close();
  rmSync(dir, { recursive: true });
});

const READY = "switchyard ready on http://127.0.0.1:1\n";
const LARGE = Buffer.alloc(1024 * 1024, `${"x".repeat(1023)}\n`);

function open(name: string): LogFile {
  const log = openLogFile(join(dir, name));
  opened.push(log);
  return log;
}

function readAll(log: LogFile): readonly string[] {
  const lines = log.newLines();
  return lines.length === 0 ? [] : [...lines, ...readAll(log)];
}

function followed(log: LogFile) {
  return followLog({ name: "gateway", ready: /^switchyard ready on (\S+:1)$/ }, log, () => undefined);
}

test("sees that a process is ready whose predecessor died in the middle of a line", () => {
  const log = open("half.log");
  const follower = followed(log);
  appendFileSync(log.path, "half a li");
  follower.read();
  follower.restart();
  appendFileSync(log.path, READY);
  assert.is(follower.read()?.[1], "http://127.0.0.1:1");
});

test("takes nothing for a process's own that its predecessor said, however much that was", () => {
  const log = open("flood.log");
  const follower = followed(log);
  appendFileSync(log.path, LARGE);
  appendFileSync(log.path, READY);
  follower.restart();
  assert.is(follower.read(), undefined);
  assert.is(follower.lastLines().length, 0);
});

test("stays small where what it held can't be kept beside it", () => {
  const log = open("full.log");
  mkdirSync(`${log.path}.1`);
  for (let megabytes = 0; megabytes < 64; megabytes += 1) appendFileSync(log.path, LARGE);
  assert.is(readAll(log).length, 64 * 1024);
  assert.is(readFileSync(log.path, "utf8"), "");
  appendFileSync(log.path, "on it goes\n");
  assert.equal(log.newLines(), ["on it goes"]);
});

test("is followed on, and stays small, where somebody has removed it", () => {
  const log = open("removed.log");
  rmSync(log.path);
  for (let megabytes = 0; megabytes < 64; megabytes += 1) writeSync(log.descriptor, LARGE);
  assert.is(readAll(log).length, 64 * 1024);
  assert.is(fstatSync(log.descriptor).size, 0);
  writeSync(log.descriptor, "on it goes\n");
  assert.equal(log.newLines(), ["on it goes"]);
});

test("is followed on where another launcher that writes to it has cut it", () => {
  const log = open("cut.log");
  appendFileSync(log.path, "one\ntwo\n");
  assert.equal(log.newLines(), ["one", "two"]);
  truncateSync(log.path);
  appendFileSync(log.path, "three\n");
  assert.equal(log.newLines(), ["three"]);
  assert.not.ok(existsSync(`${log.path}.1`));
});

test.run();
