import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";

const test = suite("checks of dependencies");
const folder = mkdtempSync(join(tmpdir(), "checks-"));
test.after(() => rmSync(folder, { recursive: true }));

interface Ran {
  readonly code: number | null;
  readonly text: string;
}

function run(script: string, args: readonly string[] = [], env: Readonly<Record<string, string>> = {}): Ran {
  const path = join(import.meta.dirname, script);
  const { status, stdout } = spawnSync(
    process.execPath,
    ["--disable-warning=ExperimentalWarning", path, ...args],
    {
      env: { ...process.env, ...env },
      encoding: "utf8",
    },
  );
  return { code: status, text: stdout };
}

function licences(packages: object): Ran {
  const file = join(folder, "package-lock.json");
  writeFileSync(file, JSON.stringify({ packages }));
  return run("licences.ts", [file]);
}

/** The environment with an npm that prints this. */
function npmPrints(printed: string): Readonly<Record<string, string>> {
  const npm = join(folder, "npm");
  writeFileSync(npm, `#!/bin/sh\ncat <<'END'\n${printed}\nEND\nexit 1\n`);
  chmodSync(npm, 0o755);
  return { PATH: `${folder}:${process.env.PATH}` };
}

const audit = (printed: string): Ran => run("audit.ts", [], npmPrints(printed));

test("licences that may be used pass, and one side of a choice is enough", () => {
  const packages = {
    "": { license: "MIT" },
    "node_modules/a": { license: "(GPL-3.0 OR MIT)", version: "1" },
    "node_modules/b": { license: "(BSD-3-Clause AND Apache-2.0)", version: "1" },
  };
  assert.equal(licences(packages), { code: 0, text: "" });
});

test("a licence that may not be used is named with its package, and so is one that is missing", () => {
  const { code, text } = licences({
    "node_modules/a": { license: "AGPL-3.0", version: "1.2.3" },
    "node_modules/b/node_modules/c": { version: "4" },
    "node_modules/d": { license: "MIT AND GPL-2.0", version: "5" },
  });
  assert.is(code, 1);
  for (const named of ["a@1.2.3: AGPL-3.0", "c@4: none that is named", "d@5: MIT AND GPL-2.0"])
    assert.ok(text.includes(named), text);
});

const one = (severity: string) =>
  JSON.stringify({ vulnerabilities: { left: { severity, range: "<2", via: [] } } });

test("a serious advisory fails, a lesser one is noted", () => {
  const { code, text } = audit(one("critical"));
  assert.is(code, 1);
  assert.match(text, /left <2 has a critical advisory/);
  const lesser = audit(one("moderate"));
  assert.is(lesser.code, 0);
  assert.match(lesser.text, /^note: 1 packages/);
});

test("npm run check asks for advisories, and fails with an answer of npm's that has a high one", () => {
  const { scripts } = JSON.parse(readFileSync("package.json", "utf8"));
  assert.match(scripts.check, /test\/run\.ts --checks$/);
  const recorded = readFileSync(join(import.meta.dirname, "fixtures/npm-audit-high.json"), "utf8");
  const high = run("../run.ts", ["--checks", "advisories"], npmPrints(recorded));
  assert.is(high.code, 1, high.text);
  assert.match(high.text, /^FAIL advisories/);
  assert.match(high.text, /lodash <=4\.17\.20 has a high advisory/);
  assert.match(high.text, /\n0 passed, 1 failed/);

  const closed = JSON.stringify({ message: "405 Method Not Allowed", statusCode: 405 });
  const unreachable = run("../run.ts", ["--checks", "advisories"], npmPrints(closed));
  assert.is(unreachable.code, 0, unreachable.text);
  assert.match(unreachable.text, /note: advisories were not checked.*405 Method Not Allowed/);
});

test("without a registry the check says so and passes", () => {
  const away = audit(JSON.stringify({ message: "getaddrinfo ENOTFOUND" }));
  assert.is(away.code, 0);
  assert.match(away.text, /^note: advisories were not checked.*ENOTFOUND/);
  assert.is(audit("no JSON at all").code, 0);
});

test("the parts that are used are listed as CycloneDX", () => {
  const { status, stdout, stderr } = spawnSync("npm", ["run", "--silent", "sbom"], { encoding: "utf8" });
  assert.is(status, 0, stderr);
  const { bomFormat, components } = JSON.parse(stdout);
  assert.is(bomFormat, "CycloneDX");
  const names = components.map(({ name }: { name: string }) => name);
  assert.ok(names.includes("fastify"));
  assert.not.ok(names.includes("uvu"));
});

test.run();
