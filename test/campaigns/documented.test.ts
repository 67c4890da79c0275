// The commands of docs/campaigns.md run something.
import { readFileSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { testFiles } from "../files.ts";

const test = suite("the commands of docs/campaigns.md");
const page = readFileSync("docs/campaigns.md", "utf8");

test("name tests that there are", () => {
  const chosen = [...page.matchAll(/npm test -- ([^`\n]+)/g)].flatMap(([, words = ""]) => words.split(" "));
  assert.ok(chosen.length > 5);
  for (const word of chosen) assert.ok(testFiles([word]).length > 0, `${word} chooses no test`);
});

test("are scripts of package.json", () => {
  const { scripts } = JSON.parse(readFileSync("package.json", "utf8")) as { scripts: Record<string, string> };
  const named = [...page.matchAll(/npm run ([a-z-]+)/g)].map(([, name = ""]) => name);
  assert.ok(named.includes("bench"));
  for (const name of named) assert.ok(scripts[name], `there is no npm run ${name}`);
});

test.run();
