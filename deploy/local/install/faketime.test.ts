import { execFileSync } from "node:child_process";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { findFaketime } from "./faketime.mjs";

const test = suite("libfaketime");

test("is where it is said to be, or nowhere", () => {
  const { execPath } = process;
  assert.is(findFaketime({ FAKETIME_LIB: execPath }), execPath);
  assert.is(findFaketime({ FAKETIME_LIB: "/nowhere/libfaketime.so.1" }), undefined);
});

test("sets the clock of a process", () => {
  const library = findFaketime({});
  if (library === undefined) return console.log("note: left out, libfaketime is not installed");
  const env = { ...process.env, LD_PRELOAD: library, FAKETIME: "@2001-02-03 04:05:06", TZ: "UTC" };
  assert.match(execFileSync("date", ["-u", "+%F"], { env, encoding: "utf8" }), "2001-02-03");
});

test.run();
