import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { getPriority } from "node:os";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { until } from "../../../test/harness/wait.ts";
import { standBack } from "./stand-back.ts";

const test = suite("a process that stands back");

test("gives way alone and as a session, several at once too", async () => {
  const sleepers = Array.from({ length: 4 }, () =>
    spawn("sleep", ["60"], { detached: true, stdio: "ignore" }),
  );
  try {
    for (const { pid = 0 } of sleepers) standBack(pid, 7);
    for (const { pid = 0 } of sleepers) {
      assert.is(getPriority(pid), 7);
      const group = `/proc/${pid}/autogroup`;
      if (existsSync(group))
        await until("its session gives way", () => / nice 7\n$/.test(readFileSync(group, "utf8")));
    }
  } finally {
    for (const one of sleepers) one.kill("SIGKILL");
  }
});

test("that is gone already troubles nobody", () => {
  standBack(2 ** 22 - 1, 7);
});

test.run();
