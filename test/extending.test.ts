// docs/extending.md says which files an addition touches. Here the first change of each list is made in memory, and the compiler says
// which files do not compile any more: they must be in the list.
import { existsSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import ts from "typescript";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Kind } from "#domain/submission/events.ts";

const extending = suite("adding to it");
const root = join(import.meta.dirname, "..");
const text = readFileSync(join(root, "docs/extending.md"), "utf8");

const sections = new Map(
  text
    .split(/^## /m)
    .slice(1)
    .map((section) => {
      const [title = ""] = section.split("\n", 1);
      const links = [...section.matchAll(/\]\(\.\.\/([^)]+)\)/g)].map(([, path]) => path as string);
      return [title, links] as const;
    }),
);

interface Addition {
  readonly section: string;
  readonly file: string;
  readonly before: string;
  readonly after: string;
}

/** Each is small, and what anybody would write first. */
const additions: readonly Addition[] = [
  {
    section: "A channel",
    file: "domain/partner/delivery-config.ts",
    before: 'z.discriminatedUnion("type", [',
    after: 'z.discriminatedUnion("type", [z.object({ type: z.literal("pigeon") }), ',
  },
  {
    section: "An operator for rules",
    file: "domain/rules/rule.ts",
    before: '  "notNull",\n] as const',
    after: '  "notNull",\n  "matches",\n] as const',
  },
  {
    section: "A kind of submission",
    file: "domain/submission/events.ts",
    before: 'z.enum(["lead",',
    after: 'z.enum(["survey", "lead",',
  },
];

const { options, fileNames } = ts.parseJsonConfigFileContent(
  ts.readConfigFile(join(root, "tsconfig.json"), ts.sys.readFile).config,
  ts.sys,
  root,
);
const production = fileNames.filter((name) => !/\.test\.ts$|\/(test|fixtures)\//.test(relative(root, name)));

/** The files that do not compile when one of them reads otherwise. */
function brokenBy({ file, before, after }: Addition): string[] {
  const changed = join(root, file);
  const original = readFileSync(changed, "utf8");
  assert.ok(original.includes(before), `${file} does not have the text that the addition replaces`);
  const host = ts.createCompilerHost(options);
  const read = host.getSourceFile.bind(host);
  host.getSourceFile = (name, ...rest) =>
    name === changed
      ? ts.createSourceFile(name, original.replace(before, after), ts.ScriptTarget.Latest, true)
      : read(name, ...rest);
  const program = ts.createProgram(production, options, host);
  const broken = ts.getPreEmitDiagnostics(program).flatMap((one) => one.file?.fileName ?? []);
  return [...new Set(broken)].map((name) => relative(root, name)).sort();
}

extending("names only files that are there", () => {
  assert.is(sections.size, 5);
  for (const [title, links] of sections) {
    assert.ok(links.length > 0, `${title} names no file`);
    for (const path of links) assert.ok(existsSync(join(root, path)), `${title}: there is no ${path}`);
  }
});

for (const addition of additions) {
  extending(`${addition.section.toLowerCase()} touches the files that the list names`, () => {
    const listed = sections.get(addition.section) ?? [];
    assert.is(listed[0], addition.file);
    const broken = brokenBy(addition);
    assert.ok(broken.length > 0, "nothing asks for the rest of the addition");
    for (const file of broken)
      assert.ok(listed.includes(file), `${file} does not compile, and is not listed`);
  });
}

/** What names each kind, in quotes and close together. */
const listOfKinds = new RegExp(Kind.options.map((kind) => `"${kind}"`).join("[^\\n;]{1,20}"));

extending(
  "kinds of submission are listed in one file, so that whatever goes through all of them has a new one",
  () => {
    const listing = fileNames.filter((name) => listOfKinds.test(readFileSync(name, "utf8")));
    assert.equal(
      listing.map((name) => relative(root, name)),
      ["domain/submission/events.ts"],
    );
  },
);

extending.run();
