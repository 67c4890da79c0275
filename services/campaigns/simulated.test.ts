import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";

// Simulated time takes the place of the real one in a whole process, so each run is a process of its own.

const test = suite("campaigns in simulated time");
const RUN = join(import.meta.dirname, "../../test/campaigns/simulate-run.ts");

function simulate(...given: string[]): { readonly status: number | null; readonly output: string } {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ["--disable-warning=ExperimentalWarning", RUN, ...given],
    { encoding: "utf8" },
  );
  return { status, output: `${stdout}${stderr}` };
}

test("bring each member to one end and send once, with two owners, dead ones, clocks that jump and definitions that change", () => {
  const { status, output } = simulate("--seeds", "50");
  assert.is(status, 0, output);
  assert.ok(Number(/(\d+) snapshots read/.exec(output)?.[1]) > 10, output);
});

test("are caught when the log stores what an owner writes that has lost the campaign", () => {
  const { status, output } = simulate("--seeds", "20", "--plant", "no_fencing");
  assert.is(status, 1, output);
  assert.match(output, /FAIL seed \d+/);
});

test.run();
