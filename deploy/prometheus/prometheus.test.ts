// What operators are told about figures and alerts is what the code and the rules have.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { showDependencies } from "#platform/dependency-health.ts";
import { showDiskSpace } from "#platform/disk-space.ts";
import { createHealth } from "#platform/health.ts";
import { createMetrics } from "#platform/metrics.ts";
import { findPromtool, PROMETHEUS_HELP } from "../local/install/prometheus.mjs";

const test = suite("figures and alerts");
const FOLDER = "deploy/prometheus";
const alerts = readFileSync(`${FOLDER}/rules/alerts.yml`, "utf8");
const recording = readFileSync(`${FOLDER}/rules/recording.yml`, "utf8");
const cases = readFileSync(`${FOLDER}/rules/tests.yml`, "utf8");
const described = readFileSync("docs/operations.md", "utf8");
const names = [...alerts.matchAll(/- alert: (\w+)/g)].map(([, name]) => name ?? "");

const metrics = createMetrics();
showDiskSpace(".", metrics);
showDependencies(createHealth(), metrics);
/** With those that a role alone has. */
const figures = [
  ...metrics.registry.getMetricsAsArray().map(({ name }) => name),
  "switchyard_projection_skipped_total",
  "switchyard_projection_differences_total",
].filter((name) => name.startsWith("switchyard_"));

const named = (text: string): string[] =>
  [...text.matchAll(/(?<![\w:])switchyard_\w+/g)].map(([name]) => name.replace(/_(bucket|sum|count)$/, ""));

function promtool(...args: readonly string[]): { readonly status: number | null; readonly output: string } {
  const program = findPromtool(process.env);
  if (program === undefined) throw new Error(PROMETHEUS_HELP);
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: "utf8" });
  return { status, output: `${stdout}${stderr}` };
}

test("every figure is described, and every figure that is described exists", () => {
  const rows = [...described.matchAll(/^\| (`[^|]+)\|/gm)].flatMap(([, cell = ""]) =>
    [...cell.matchAll(/`(\w+)(?:\{[^}]*\})?`/g)].map(([, name]) => `switchyard_${name}`),
  );
  for (const figure of figures)
    assert.ok(rows.includes(figure), `docs/operations.md says nothing of ${figure}`);
  for (const name of named(described))
    assert.ok(figures.includes(name), `docs/operations.md asks for ${name}`);
});

test("rules ask for figures that exist", () => {
  const asked = named(alerts + recording);
  assert.ok(asked.length > 20);
  for (const name of asked) assert.ok(figures.includes(name), name);
});

test("every alert has a page that says what to look at, what to do and how to cause it, and no page is left over", () => {
  assert.ok(names.length >= 12);
  const contents = readFileSync("docs/runbook/README.md", "utf8");
  for (const name of names) {
    const path = `docs/runbook/${name}.md`;
    assert.ok(alerts.includes(`runbook_url: ${path}\n`), name);
    assert.ok(existsSync(path), path);
    const page = readFileSync(path, "utf8");
    for (const heading of [`# ${name}\n`, "\n## Look\n", "\n## Do\n", "\n## Cause it\n"])
      assert.ok(page.includes(heading), path);
    assert.ok(contents.includes(`(${name}.md)`), name);
  }
  const pages = readdirSync("docs/runbook").filter((file) => file !== "README.md");
  assert.equal(pages.sort(), names.map((name) => `${name}.md`).sort());
});

test("a page and the summary of a standstill say how long it has lasted when its alert fires", () => {
  const inWords: Readonly<Record<number, string>> = { 20: "twenty minutes" };
  const contents = readFileSync("docs/runbook/README.md", "utf8");
  for (const name of ["SwitchyardCampaignStuck", "SwitchyardQueueStuck"]) {
    const [, rule = ""] = alerts.split(`- alert: ${name}\n`);
    const [window = 0, pending = 0] = [/\[(\d+)m\]/, /for: (\d+)m/].map((one) => Number(one.exec(rule)?.[1]));
    const words = inWords[window + pending] ?? "";
    assert.ok(words !== "", `${name} fires after ${window + pending} minutes`);
    const summary = /summary: "(.*)"/.exec(rule)?.[1] ?? "";
    const page = readFileSync(`docs/runbook/${name}.md`, "utf8");
    const row = contents.split("\n").find((line) => line.includes(`(${name}.md)`)) ?? "";
    for (const text of [summary, page, row])
      assert.not.match(text.replaceAll(words, ""), /\d+ minutes|(fifteen|ten|twenty|thirty) minutes/, name);
    assert.ok(page.includes(words), name);
  }
});

test("the configuration and the rules are what Prometheus takes", () => {
  const { status, output } = promtool("check", "config", `${FOLDER}/prometheus.yml`);
  assert.is(status, 0, output);
});

test("each alert fires when it should, and stays quiet when it should", () => {
  const tried = [...cases.matchAll(/alertname: (\w+)\n {8}exp_alerts:( \[\])?/g)];
  const kinds = (name: string) =>
    tried.filter(([, one]) => one === name).map(([, , quiet]) => (quiet === undefined ? "fires" : "quiet"));
  for (const name of names) assert.equal([...new Set(kinds(name))].sort(), ["fires", "quiet"], name);
  const { status, output } = promtool("test", "rules", `${FOLDER}/rules/tests.yml`);
  assert.is(status, 0, output);
});

test.run();
