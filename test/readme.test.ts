import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { operators, Rule } from "#domain/rules/rule.ts";

// What the documents name must exist.

const test = suite("documents");
const documents = [...globSync("*.md"), ...globSync("docs/**/*.md")];
const scripts: Record<string, string> = JSON.parse(readFileSync("package.json", "utf8")).scripts;

for (const document of documents) {
  const text = readFileSync(document, "utf8");

  test(`every link of ${document} leads somewhere`, () => {
    const links = [...text.matchAll(/\]\(([^)#\s]+)[^)]*\)/g)].map((match) => match[1] ?? "");
    for (const link of links.filter((one) => !/^[a-z]+:/.test(one))) {
      assert.ok(existsSync(join(dirname(document), link)), `${document} links to ${link}`);
    }
  });

  test(`every npm command of ${document} exists`, () => {
    for (const [, name = ""] of text.matchAll(/npm run ([a-z:-]+)/g)) {
      assert.ok(name in scripts, `${document} tells people to type npm run ${name}`);
    }
  });
}

test("examples in documents ask where the simulator is, and set what they use", () => {
  const fromOutside = ["PWD"];
  for (const document of documents) {
    const text = readFileSync(document, "utf8");
    const shell = [...text.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, code = ""]) => code).join("\n");
    assert.not.match(shell, /:8090/, document);
    const set = [...text.matchAll(/\b([A-Z][A-Z_]+)=/g)].map(([, name]) => name);
    for (const [, name = ""] of shell.matchAll(/\$\{?([A-Z][A-Z_]+)/g))
      assert.ok([...set, ...fromOutside].includes(name), `${document} uses $${name} and sets it nowhere`);
  }
});

test("the tour of one submission visits every room in order", () => {
  const tour = readFileSync("README.md", "utf8").split("## One submission")[1]?.split("\n## ")[0] ?? "";
  const rooms = [...tour.matchAll(/\]\(services\/([a-z]+)/g)].map((match) => match[1]);
  const before = ["gateway", "eventstore", "relay", "leads", "identity", "partners"];
  const order = [...before, "timers", "projections", "main"];
  assert.equal(
    rooms.filter((room) => room !== "simulator"),
    order,
  );
});

test("the message to PM and Data is one of three or four sentences", () => {
  const [, section = ""] = readFileSync("README.md", "utf8").split("## To PM and Data\n");
  const message = [...(section.split("\n## ")[0] ?? "").matchAll(/^> (.*)$/gm)]
    .map(([, line]) => line)
    .join(" ");
  const sentences = message.split(/(?<=\.)\s+/).filter((one) => one !== "");
  assert.ok([3, 4].includes(sentences.length), `${sentences.length} sentences`);
});

test("the README tells of dead letters, consistency, capacity and how it was written", () => {
  const [, section = ""] = readFileSync("README.md", "utf8").split("## How it keeps its promises\n");
  const links = [...(section.split("\n## ")[0] ?? "").matchAll(/\]\(([^)#]+)/g)].map(([, link]) => link);
  for (const page of ["docs/dead-letters.md", "docs/consistency.md", "docs/capacity.md", "PROMPTS.md"])
    assert.ok(links.includes(page), page);
});

const rulesDocument = readFileSync("docs/rules.md", "utf8");

test("docs/rules.md has each operator once in its table", () => {
  const [, table = ""] = rulesDocument.split("\n| operator |");
  const cells = [...(table.split("\n\n")[0] ?? "").matchAll(/^\| ((?:`[^`]+` )+)\|/gm)];
  const named = cells.flatMap(([, cell = ""]) => [...cell.matchAll(/`([^`]+)`/g)].map(([, name]) => name));
  assert.equal(named.sort(), [...operators].sort());
});

test("rules that documents put are rules", () => {
  for (const text of [rulesDocument, readFileSync("docs/first-steps.md", "utf8")]) {
    const [found] = text.matchAll(/\/api\/rules\/(\w+) .*-d '([^']*)'/g);
    assert.ok(Rule.safeParse({ id: found?.[1], ...JSON.parse(found?.[2] ?? "{}") }).success, found?.[0]);
  }
});

test("no decision record is longer than 60 lines", () => {
  for (const record of globSync("docs/decisions/0*.md")) {
    const lines = readFileSync(record, "utf8").trimEnd().split("\n").length;
    assert.ok(lines <= 60, `${record} has ${lines} lines`);
  }
});

test.run();
