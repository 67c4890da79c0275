import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";

const test = suite("npm start with arguments");
const start = join(import.meta.dirname, "start.ts");

test("starts nothing, and says how it is used", () => {
  const asked = spawnSync(process.execPath, [start, "--help"], { encoding: "utf8" });
  assert.is(asked.status, 0);
  assert.match(asked.stderr, /^usage: npm start\n.*docs\/running\.md/);
  const wrong = spawnSync(process.execPath, [start, "--port", "8090"], { encoding: "utf8" });
  assert.is(wrong.status, 2);
  assert.match(wrong.stderr, /^npm start does not know --port 8090\nusage: npm start\n/);
  assert.is(`${asked.stdout}${wrong.stdout}`, "");
});

test.run();
