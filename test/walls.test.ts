import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
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
  "console/main.ts": `import type { rule } from "../domain/rules/rule.ts"; export type R = typeof rule;`,
  "services/main.ts": `import "./gateway/app.ts"; import "./leads/app.ts";`,
  "deploy/local/start.ts": `import "../../platform/log.ts"; import "./banner.ts";`,
  "deploy/local/banner.ts": "export const banner = 1;",
  "k6/smoke.ts": `import "./submissions.ts";`,
  "k6/submissions.ts": "export const submit = 1;",
  "test/start.ts": `import "../services/leads/app.ts";`,
};

const violations: Record<string, readonly [file: string, code: string]> = {
  "domain-is-pure": ["domain/rules/impure.ts", `import "node:fs";`],
  "platform-knows-no-domain": ["platform/nosy.ts", `import "../domain/rules/rule.ts";`],
  "services-do-not-import-each-other": ["services/leads/nosy.ts", `import "../gateway/app.ts";`],
  "projections-read-events-only": ["projections/leads/nosy.ts", `import "../../services/leads/app.ts";`],
  "only-readers-import-queries": ["services/leads/reader.ts", `import "../../projections/leads/query.ts";`],
  "console-talks-over-the-api": ["console/nosy.ts", `import "../services/leads/app.ts";`],
  "nobody-imports-the-console": ["platform/showy.ts", `import "../console/main.ts";`],
  "nobody-imports-deploy": ["test/launching.ts", `import "../deploy/local/banner.ts";`],
  "production-does-not-import-tests": ["services/leads/tested.ts", `import "../../test/start.ts";`],
  "k6-scripts-stand-alone": ["k6/nosy.ts", `import "../platform/log.ts";`],
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
    "console",
    "deploy",
    "domain",
    "k6",
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

const impure = [
  "export const at = Date.now();",
  "export const clock = Date.now;",
  "export const now = new Date();",
  "export const text = Date();",
  "export const chance = Math.random();",
  "export const id = crypto.randomUUID();",
  "export const took = performance.now();",
  "export const env = process.env.HOME;",
  "export const wait = (work: () => void) => setTimeout(work, 1);",
  "export const again = (work: () => void) => setInterval(work, 1);",
  "export const soon = (work: () => void) => setImmediate(work);",
  "export const next = (work: () => void) => queueMicrotask(work);",
  "export const asked = fetch('http://localhost/');",
  "export const told = () => console.log('told');",
  "export const hidden = globalThis.Date.now();",
  "export const older = global.performance;",
];
const pure =
  "export const at = (ms: number): string => new Date(Math.min(ms, Date.parse('2026-01-01'))).toISOString();";

test("the domain has no clock, no randomness and no process", () => {
  const names = impure.map((_, n) => `domain/impure/impure-${n}.ts`);
  build({ "domain/impure/pure.ts": pure, "services/leads/clock.ts": impure.join("\n") });
  build(Object.fromEntries(names.map((name, n) => [name, impure[n] ?? ""])));
  cpSync(join(root, ".biome"), join(house, ".biome"), { recursive: true });
  writeFileSync(join(house, "biome.json"), readFileSync(join(root, "biome.json")));
  const command = join(root, "node_modules/.bin/biome");
  const args = ["lint", "--vcs-enabled=false", "--reporter=json", "--max-diagnostics=none"];
  const { stdout } = spawnSync(command, [...args, "domain/impure", "services/leads/clock.ts"], {
    cwd: house,
    encoding: "utf8",
  });
  const { diagnostics } = JSON.parse(stdout) as { diagnostics: LintDiagnostic[] };
  const found = diagnostics
    .filter(({ category }) => category === "plugin" || category === "lint/style/noRestrictedGlobals")
    .map(({ location }) => location.path);
  assert.equal([...new Set(found)].sort(), [...names].sort());
});

interface LintDiagnostic {
  readonly category: string;
  readonly location: { readonly path: string };
}

/** Each read model is a folder, and its name is that of its schema, which can't have a hyphen in it. */
const models = globSync("projections/*/projection.ts").map((path) =>
  (path.split("/")[1] ?? "").replaceAll("-", "_"),
);

/** Where SQL names the tables of a read model outside that model's own room. */
function foreignSql(path: string, code: string): string[] {
  const named = new RegExp(`\\b(?:from|join|into|update|table|using)\\s+(${models.join("|")})\\.\\w+`, "gi");
  return [...code.matchAll(named)]
    .filter(([, model]) => !path.startsWith(`projections/${model?.replaceAll("_", "-")}/`))
    .map(([sql]) => `${path}: ${sql}`);
}

test("only a read model's own room names its tables", () => {
  assert.equal([...models].sort(), [
    "audit",
    "campaigns",
    "dead_letters",
    "identities",
    "leads",
    "metrics",
    "partners",
    "shadow",
    "timers",
    "unfinished",
  ]);
  const planted = "select count(*)\n  FROM leads.lead join partners.partner on true";
  assert.equal(foreignSql("services/projections/gauge.ts", planted), [
    "services/projections/gauge.ts: FROM leads.lead",
    "services/projections/gauge.ts: join partners.partner",
  ]);
  const own = "update dead_letters.letter";
  assert.equal(foreignSql("projections/dead-letters/query.ts", own), []);
  assert.equal(foreignSql("projections/leads/query.ts", own), [`projections/leads/query.ts: ${own}`]);
  assert.equal(foreignSql("projections/leads/query.ts", planted), [
    "projections/leads/query.ts: join partners.partner",
  ]);
  const files = globSync("{platform,projections,services,deploy}/**/*.ts").filter(
    (path) => !path.endsWith(".test.ts"),
  );
  assert.ok(files.length > 200, `${files.length} files`);
  assert.equal(
    files.flatMap((path) => foreignSql(path, readFileSync(path, "utf8"))),
    [],
  );
});

test.run();
