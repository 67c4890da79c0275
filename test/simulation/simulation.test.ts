import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";

// Simulated time takes the place of the real one in a whole process, so each run is a process of its own.

const test = suite("actors in simulated time");
const RUN = join(import.meta.dirname, "run.ts");

function simulate(...given: string[]): { readonly status: number | null; readonly output: string } {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ["--disable-warning=ExperimentalWarning", RUN, ...given],
    { encoding: "utf8" },
  );
  return { status, output: `${stdout}${stderr}` };
}

test("keep every promise, whatever is lost, late, repeated or dead", () => {
  const { status, output } = simulate("--seeds", "80");
  assert.is(status, 0, output);
  assert.match(output, "80 seeds");
});

test("do the same again for the same seed", () => {
  const [first, second, other] = ["7", "7", "8"].map((seed) => simulate("--seed", seed));
  assert.is(first?.status, 0, first?.output);
  assert.ok((first?.output.length ?? 0) > 1_000);
  assert.is(first?.output, second?.output);
  assert.is.not(first?.output, other?.output);
});

// Seeds that found something: members that an owner added when its time was over, unseen by the next one (124, 686); an owner whose
// lease was over and who was refused for ever, without a turn of the event loop (124).
for (const seed of ["124", "686"])
  test(`keep every promise with seed ${seed}, too`, () => {
    const { status, output } = simulate("--seed", seed);
    assert.is(status, 0, output);
  });

for (const planted of ["no_fencing", "forgotten_appends"])
  test(`are caught when the log has ${planted.replace("_", " ")}`, () => {
    const { status, output } = simulate("--seeds", "12", "--plant", planted);
    assert.is(status, 1, output);
    assert.match(output, /FAIL seed \d+/);
  });

test.run();
