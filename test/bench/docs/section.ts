// The part of a document that a benchmark writes: between two marks, so that people write the rest.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

/** A document that does not exist yet has nothing else. */
export function writeSection(file: string, name: string, text: string): void {
  const [begin, end] = [`<!-- ${name}: written by a benchmark -->`, `<!-- end of ${name} -->`];
  const section = `${begin}\n${text.trim()}\n${end}`;
  if (!existsSync(file)) {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, `${section}\n`);
    return;
  }
  const document = readFileSync(file, "utf8");
  const [from, to] = [document.indexOf(begin), document.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`${file} has no ${begin} … ${end}, where results would go`);
  writeFileSync(file, document.slice(0, from) + section + document.slice(to + end.length));
}

export function markdownTable(rows: readonly (readonly string[])[]): string {
  const [head = [], ...others] = rows;
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  const rule = head.map((_, n) => (n === 0 ? "---" : "---:"));
  return [line(head), line(rule), ...others.map(line)].join("\n");
}

/** As the linter wants it. */
export const writeJson = (file: string, value: object): void => {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify(value, null, 2)}\n`);
};
