import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { findK6, findProgram, k6At } from "./program.ts";

const test = suite("the program that makes the load");
const folder = mkdtempSync(join(tmpdir(), "k6-"));
const seen = join(folder, "seen");
test.after(() => rmSync(folder, { recursive: true }));

/** Says its version as k6 does, and leaves what it was called with. */
const FAKE = `#!/bin/sh
if [ "$1" = version ]; then echo "k6 v9.9.9 (go1.99, linux/amd64)"; exit; fi
{ echo "$*"; env; } > ${seen}
exit 99
`;

test("is k6 where it is in PATH", () => {
  assert.is.not(findK6({ PATH: folder }), join(folder, "k6"));
  writeFileSync(join(folder, "k6"), FAKE);
  assert.is.not(findK6({ PATH: folder }), join(folder, "k6"), "it can't be executed");
  chmodSync(join(folder, "k6"), 0o755);
  assert.is(findK6({ PATH: `/nowhere:${folder}` }), join(folder, "k6"));
  assert.is(findProgram({ PATH: folder }).name, "k6 v9.9.9");
});

test("is given its variables, and nothing of our environment but where programs are", async () => {
  process.env.SOME_SECRET = "of the shell";
  assert.is(await k6At(join(folder, "k6")).run("some-script.ts", { YARD_URL: "http://yard" }), 99);
  const [args, ...env] = readFileSync(seen, "utf8").split("\n");
  assert.is(args, "run --quiet some-script.ts");
  assert.ok(env.includes("YARD_URL=http://yard"));
  assert.ok(env.includes("K6_NO_USAGE_REPORT=true"));
  assert.not.ok(env.some((line) => line.includes("SOME_SECRET")));
});

test.run();
