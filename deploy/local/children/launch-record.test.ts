import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { createLaunchRecord } from "./launch-record.ts";

const records = suite("launch record");

records("does not fail when a process has ended and nothing can be written", () => {
  const dataDir = mkdtempSync(join(tmpdir(), "launch-record-"));
  const record = createLaunchRecord(dataDir, true);
  record.add("one", process.pid, "SIGTERM");
  rmSync(dataDir, { recursive: true });
  // No folder can be made where a file stands, whoever asks.
  writeFileSync(dataDir, "");
  assert.not.throws(() => record.remove(process.pid));
  rmSync(dataDir);
});

records.run();
