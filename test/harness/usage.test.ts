import { spawnSync } from "node:child_process";
import { suite } from "uvu";
import * as assert from "uvu/assert";

const test = suite("the usage of a command");

const commands: Readonly<Record<string, readonly string[]>> = {
  chaos: ["test/chaos/run.ts"],
  simulate: ["--disable-warning=ExperimentalWarning", "test/simulation/run.ts"],
  bench: ["test/bench/run.ts"],
  load: ["test/load/run.ts"],
  requirements: ["test/requirements/run.ts"],
  upgrades: ["test/run.ts", "test/upgrades"],
};

for (const [name, command] of Object.entries(commands))
  test(`npm run ${name} -- --help prints it, and does nothing`, () => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [...command, "--help"], {
      encoding: "utf8",
    });
    assert.is(status, 0, stderr);
    assert.match(stdout, /^usage: npm /);
    assert.is(stderr, "");
  });

for (const name of ["chaos", "simulate", "upgrades"])
  test(`npm run ${name} with a flag that it does not have prints it, and no stack`, () => {
    const { status, stderr } = spawnSync(process.execPath, [...(commands[name] ?? []), "--nonsense"], {
      encoding: "utf8",
    });
    assert.is(status, 2);
    assert.match(stderr, /'--nonsense'[\s\S]*\nusage: npm /);
    assert.not.match(stderr, /\n {4}at /);
  });

test.run();
