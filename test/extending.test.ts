// docs/extending.md says which files an addition touches. Here the change that the compiler can follow is made in memory, and it says
// which other files do not compile any more: exactly those are bold in the list.
import { existsSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import ts from "typescript";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Kind } from "#domain/submission/events.ts";

const extending = suite("adding to it");
const root = join(import.meta.dirname, "..");
const text = readFileSync(join(root, "docs/extending.md"), "utf8");

const LINK = /\]\(\.\.\/([^)]+)\)/g;
const BOLD_LINK = /\*\*\[[^\]]+\]\(\.\.\/([^)]+)\)\*\*/g;
const pathsOf = (link: RegExp, within: string): string[] =>
  [...within.matchAll(link)].map(([, path]) => path as string);

const sections = new Map(
  text
    .split(/^## /m)
    .slice(1)
    .map((section) => {
      const [title = ""] = section.split("\n", 1);
      const points = section.split(/^\d\. /m).slice(1);
      const links = pathsOf(LINK, section);
      return [title, { points, links, asked: pathsOf(BOLD_LINK, section) }] as const;
    }),
);

interface Addition {
  readonly section: string;
  /** Which point of the list the change is, counted from 1. */
  readonly point: number;
  readonly file: string;
  readonly before: string;
  readonly after: string;
}

/** Each is small, and what anybody would write first. */
const additions: readonly Addition[] = [
  {
    section: "A channel",
    point: 1,
    file: "domain/partner/delivery-config.ts",
    before: 'z.discriminatedUnion("type", [',
    after: 'z.discriminatedUnion("type", [z.object({ type: z.literal("pigeon") }), ',
  },
  {
    section: "An operator for rules",
    point: 1,
    file: "domain/rules/rule.ts",
    before: '  "notNull",\n] as const',
    after: '  "notNull",\n  "matches",\n] as const',
  },
  {
    section: "A kind of submission",
    point: 1,
    file: "domain/submission/events.ts",
    before: 'z.enum(["lead",',
    after: 'z.enum(["survey", "lead",',
  },
  {
    section: "A limit for partners",
    point: 3,
    file: "domain/partner/admission.ts",
    before: "  readonly nextTokenMs: number;\n",
    after: "  readonly nextTokenMs: number;\n  readonly tokensOfTheMinute: number;\n",
  },
];

const { options, fileNames } = ts.parseJsonConfigFileContent(
  ts.readConfigFile(join(root, "tsconfig.json"), ts.sys.readFile).config,
  ts.sys,
  root,
);
const withoutTests = fileNames.filter((name) => !name.endsWith(".test.ts"));

/** What every program reads alike; to parse it for each of them would take most of the time. */
const parsed = new Map<string, ts.SourceFile>();

/** The other files that do not compile when one of them reads otherwise. */
function brokenBy({ file, before, after }: Addition): string[] {
  const changed = join(root, file);
  const original = readFileSync(changed, "utf8");
  assert.ok(original.includes(before), `${file} does not have the text that the addition replaces`);
  const host = ts.createCompilerHost(options);
  const read = host.getSourceFile.bind(host);
  host.getSourceFile = (name, ...rest) => {
    if (name === changed)
      return ts.createSourceFile(name, original.replace(before, after), ts.ScriptTarget.Latest, true);
    const source = parsed.get(name) ?? read(name, ...rest);
    if (source !== undefined) parsed.set(name, source);
    return source;
  };
  const program = ts.createProgram(withoutTests, options, host);
  const broken = ts.getPreEmitDiagnostics(program).flatMap((one) => one.file?.fileName ?? []);
  return [...new Set(broken)]
    .filter((name) => name !== changed)
    .map((name) => relative(root, name))
    .sort();
}

extending("names only files that are there", () => {
  assert.is(sections.size, 5);
  for (const [title, { links }] of sections) {
    assert.ok(links.length > 0, `${title} names no file`);
    for (const path of links) assert.ok(existsSync(join(root, path)), `${title}: there is no ${path}`);
  }
});

for (const addition of additions) {
  extending(
    `for ${addition.section.toLowerCase()} the compiler asks for the files that the list says`,
    () => {
      const { points = [], asked = [] } = sections.get(addition.section) ?? {};
      assert.is(pathsOf(LINK, points[addition.point - 1] ?? "")[0], addition.file);
      assert.ok(asked.length > 0, "nothing asks for the rest of the addition");
      assert.equal(brokenBy(addition), [...asked].sort());
    },
  );
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
