import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { acknowledgedIn, type Measured } from "./measure.ts";
import { filesOf, folderFor, keep, objections } from "./report.ts";

const test = suite("the report of the load");
const directory = mkdtempSync(join(tmpdir(), "load-report-"));
test.after(() => rmSync(directory, { recursive: true }));

const measured: Measured = {
  scenario: "burst",
  at: "2026-01-02T03:04:05.678Z",
  program: "k6 v2.2.0",
  revision: "abc1234",
  machine: { cpu: "Some CPU", cores: 2, memory_gib: 24, load: 7.5 },
  seconds: 30,
  sent: 4_100,
  acknowledged: 4_100,
  failed: 0,
  unexpected_answers: 0,
  told_to_come_again: 3,
  repeats_recognised: 410,
  times: { "answer_ms{scenario:hundred}": { min: 1, med: 20, "p(95)": 60, "p(99)": 80.5, max: 99 } },
  thresholds: { "submissions_failed: count==0": true },
  delivered_once: 4_100,
  lost: 0,
  doubled: 0,
  retried_deliveries: 270,
  retries: 300,
  unacknowledged: 0,
  drained_after_seconds: 4,
};

test("says what was measured, on which machine and with which program", () => {
  keep(directory, measured);
  const text = readFileSync(join(directory, "proof-of-load.md"), "utf8");
  for (const part of [
    "2026-01-02 03:04 UTC, revision abc1234, 2 cores (Some CPU), 24 GiB, load 7.5 before the start. Load made by k6 v2.2.0.",
    "| [Burst](#burst) | 4,100 | 4,100 | 0 | 4,100 | 0 | 0 | 270 | yes |",
    "| `answer_ms{scenario:hundred}` | 1 | 20 | 60 | 80.5 | 99 |",
    "| deliveries that succeeded after a retry (retries) | 270 (300) |",
    "Not run yet: smoke, mixed, outage, overload, soak.",
  ])
    assert.ok(text.includes(part), `${part} is missing in:\n${text}`);
});

test("says where a run was shorter than its scenario, and where the load was not made by k6", () => {
  keep(directory, { ...measured, scenario: "soak", duration: "10s", revision: "", program: "Node v24.0.0" });
  const text = readFileSync(join(directory, "proof-of-load.md"), "utf8").split("## Soak")[1] ?? "";
  assert.ok(text.includes("`npm run load -- soak --duration 10s`"), text);
  assert.ok(text.includes("Load made by Node v24.0.0, since k6 was not installed."), text);
});

test("keeps the figures of other scenarios, and replaces its own", () => {
  keep(directory, { ...measured, scenario: "smoke", sent: 300 });
  keep(directory, { ...measured, revision: "def5678" });
  const text = readFileSync(join(directory, "proof-of-load.md"), "utf8");
  assert.match(text, /\[Smoke\]\(#smoke\) \| 300 \|/);
  assert.match(text, /def5678/);
  assert.not.match(text.split("## Burst")[1] ?? "", /abc1234/);
});

test("links k6's own report where there is one", () => {
  const { html } = filesOf(directory, "burst");
  assert.not.ok(existsSync(html));
  keep(directory, measured);
  assert.not.match(readFileSync(join(directory, "proof-of-load.md"), "utf8"), /burst\.html/);
  writeFileSync(html, "");
  keep(directory, measured);
  assert.match(readFileSync(join(directory, "proof-of-load.md"), "utf8"), /\[burst\.html\]/);
});

test("says why a run proves nothing", () => {
  assert.equal(objections(measured), []);
  const broken: readonly [part: Partial<Measured>, ...objections: readonly string[]][] = [
    [
      { thresholds: { "submissions_failed: count==0": true, "answer_ms: max<5000": false } },
      "threshold missed: answer_ms: max<5000",
    ],
    [{ lost: 1, delivered_once: 4_099 }, "1 lost"],
    [{ doubled: 2, delivered_once: 4_098 }, "2 doubled"],
    [{ acknowledged: 4_099, delivered_once: 4_099 }, "1 not acknowledged"],
    [{ delivered_once: 4_099 }, "not all were looked for"],
    [{ sent: 0, acknowledged: 0, delivered_once: 0 }, "nothing was sent"],
    [{ retried_deliveries: 0 }, "no delivery was retried"],
    [{ scenario: "overload", retried_deliveries: 0 }],
  ];
  for (const [part, ...expected] of broken) {
    assert.equal(objections({ ...measured, ...part }), expected);
    keep(directory, { ...measured, ...part });
    const text = readFileSync(join(directory, "proof-of-load.md"), "utf8");
    for (const objection of expected) assert.ok(text.includes(`| **no**: ${objection} |`), text);
  }
});

test("finds the acknowledged ids in any format of the log", () => {
  const [one, other] = ["0b9a4d2c-0000-8000-8000-000000000001", "0b9a4d2c-0000-8000-8000-000000000002"];
  const file = join(directory, "console.log");
  writeFileSync(
    file,
    `acknowledged a-1 ${one}\ntime="…" level=info msg="acknowledged a-2 ${other}" source=console\n`,
  );
  assert.equal(acknowledgedIn(file), [one, other]);
  writeFileSync(file, `acknowledged a-1 ${one}\nacknowledged a-2 ${one}\n`);
  assert.throws(() => acknowledgedIn(file), /2 keys were acknowledged under 1 ids/);
});

test("only all scenarios together write what the repository keeps", () => {
  assert.match(folderFor([]), /\/docs$/);
  assert.match(folderFor(["smoke"]), /\/reports\/load$/);
});

test.run();
