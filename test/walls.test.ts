import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import walls from "../.dependency-cruiser.mjs";

// Each rule is broken once on purpose, in a small house of its own, and must be seen to be broken.

const test = suite("walls");
const root = process.cwd();
const house = mkdtempSync(join(tmpdir(), "walls-"));

const allowed: Record<string, string> = {
  "domain/rules/rule.ts": `import "zod"; export const rule = 1;`,
  "platform/log.ts": "export const log = 1;",
  "projections/leads/query.ts": `import "../../platform/log.ts"; export const query = 1;`,
  "services/gateway/app.ts": `import "../../projections/leads/query.ts"; import "../../domain/rules/rule.ts";`,
  "services/leads/app.ts": "export const app = 1;",
  "services/main.ts": `import "./gateway/app.ts"; import "./leads/app.ts";`,
  "deploy/local/start.ts": `import "../../platform/log.ts"; import "./banner.ts";`,
  "deploy/local/banner.ts": "export const banner = 1;",
  "test/start.ts": `import "../services/leads/app.ts";`,
};

const violations: Record<string, readonly [file: string, code: string]> = {
  "domain-is-pure": ["domain/rules/impure.ts", `import "node:fs";`],
  "platform-knows-no-domain": ["platform/nosy.ts", `import "../domain/rules/rule.ts";`],
  "services-do-not-import-each-other": ["services/leads/nosy.ts", `import "../gateway/app.ts";`],
  "projections-read-events-only": ["projections/leads/nosy.ts", `import "../../services/leads/app.ts";`],
  "only-readers-import-queries": ["services/leads/reader.ts", `import "../../projections/leads/query.ts";`],
  "nobody-imports-deploy": ["test/launching.ts", `import "../deploy/local/banner.ts";`],
  "production-does-not-import-tests": ["services/leads/tested.ts", `import "../../test/start.ts";`],
  "no-cycles": ["platform/and-round.ts", `import "./round.ts";`],
  "everything-resolves": ["platform/lost.ts", `import "./nowhere.ts";`],
};

function build(files: Record<string, string>): void {
  for (const [path, code] of Object.entries(files)) {
    mkdirSync(dirname(join(house, path)), { recursive: true });
    writeFileSync(join(house, path), code);
  }
}

interface Violation {
  readonly from: string;
  readonly rule: { readonly name: string };
}

function inspect(): Violation[] {
  const config = join(root, ".dependency-cruiser.mjs");
  const command = join(root, "node_modules/.bin/depcruise");
  const args = [
    "--config",
    config,
    "--output-type",
    "json",
    "deploy",
    "domain",
    "platform",
    "projections",
    "services",
    "test",
  ];
  // Exit code aside, the report itself is on standard output.
  const report = execFileSync(process.execPath, [command, ...args], { cwd: house, encoding: "utf8" });
  return JSON.parse(report).summary.violations;
}

test.before(() => {
  build({ "node_modules/zod/index.js": "", "node_modules/zod/package.json": `{"main":"index.js"}` });
  writeFileSync(join(house, "tsconfig.json"), JSON.stringify({ compilerOptions: { module: "nodenext" } }));
  writeFileSync(join(house, "package.json"), JSON.stringify({ type: "module" }));
});

test.after(() => rmSync(house, { recursive: true }));

test("a house where everybody keeps to their rooms has no violation", () => {
  build(allowed);
  assert.equal(inspect(), []);
});

test("every rule catches the violation planted for it", () => {
  build(Object.fromEntries(Object.values(violations)));
  build({ "platform/round.ts": `import "./and-round.ts";` });
  const found = inspect();
  const rules = walls.forbidden.map((rule: { name: string }) => rule.name);
  assert.equal(Object.keys(violations).sort(), [...rules].sort(), "every rule has a planted violation");
  for (const [rule, [file]] of Object.entries(violations)) {
    assert.ok(
      found.some((one) => one.rule.name === rule && one.from === file),
      `${rule} should have caught ${file}`,
    );
  }
});

test.run();
