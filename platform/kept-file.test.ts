// What is kept survives a power cut: the file is on the disk before its name is, and its name before anybody is told.
import fs, {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { copyKept, moveKept, writeKept } from "./kept-file.ts";

const test = suite("kept files");
const dir = mkdtempSync(join(tmpdir(), "kept-"));
const { fsyncSync, renameSync } = fs;
/** What was flushed and renamed, in turn. */
const done: string[] = [];

test.before(() => {
  Object.assign(fs, {
    fsyncSync(descriptor: number) {
      done.push(`flush ${readlinkSync(`/proc/self/fd/${descriptor}`)}`);
      fsyncSync(descriptor);
    },
    renameSync(from: string, to: string) {
      done.push(`rename ${from} ${to}`);
      renameSync(from, to);
    },
  });
  syncBuiltinESMExports();
});
test.before.each(() => void done.splice(0));
test.after(() => {
  Object.assign(fs, { fsyncSync, renameSync });
  syncBuiltinESMExports();
  rmSync(dir, { recursive: true });
});

test("are copied so that no other content ever has their name", () => {
  const from = join(dir, "backup.db");
  writeFileSync(from, "events");
  const to = join(dir, "made", "for", "events.db");
  copyKept(from, to);
  assert.is(readFileSync(to, "utf8"), "events");
  const temporary = done.find((one) => one.startsWith("rename"))?.split(" ")[1];
  assert.ok(temporary?.startsWith(`${to}.`));
  assert.equal(done, [
    `flush ${join(dir, "made")}`,
    `flush ${dir}`,
    `flush ${temporary}`,
    `rename ${temporary} ${to}`,
    `flush ${dirname(to)}`,
  ]);
});

test("leave nothing behind where they can't be written", () => {
  const path = join(dir, "taken");
  // No file takes the place of a folder.
  mkdirSync(path);
  assert.throws(() => writeKept(path, "text"));
  const from = join(dir, "some");
  writeFileSync(from, "");
  assert.throws(() => copyKept(from, path));
  assert.equal(
    readdirSync(dir).filter((name) => name.startsWith("taken")),
    ["taken"],
  );
});

test("have their new name for good once they are moved", () => {
  const from = join(dir, "one");
  writeFileSync(from, "");
  moveKept(from, join(dir, "other"));
  assert.equal(done, [`rename ${from} ${join(dir, "other")}`, `flush ${dir}`]);
});

test.run();
