import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { markdownTable, writeSection } from "./section.ts";

const test = suite("Sections that benchmarks write");
const folder = mkdtempSync(join(tmpdir(), "section-"));
test.after(() => rmSync(folder, { recursive: true }));

test("a section is replaced, and what people wrote around it stays", () => {
  const file = join(folder, "document.md");
  writeSection(file, "results", "old");
  writeFileSync(file, `# Title\n${readFileSync(file, "utf8")}\nAfterwards.\n`);
  writeSection(file, "results", "new\n");
  assert.is(
    readFileSync(file, "utf8"),
    "# Title\n<!-- results: written by a benchmark -->\nnew\n<!-- end of results -->\n\nAfterwards.\n",
  );
});

test("a document without the marks is left alone", () => {
  const file = join(folder, "other.md");
  writeFileSync(file, "# Title\n");
  assert.throws(() => writeSection(file, "results", "new"), /has no <!-- results/);
  assert.is(readFileSync(file, "utf8"), "# Title\n");
});

test("a table aligns numbers to the right", () => {
  assert.is(
    markdownTable([
      ["what", "s"],
      ["start", "1"],
    ]),
    "| what | s |\n| --- | ---: |\n| start | 1 |",
  );
});

test.run();
