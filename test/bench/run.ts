// `npm run bench -- <name>…` runs benchmarks by name, and without one all that take no hours. Each file beside this one is one.
// Options after a name go to that benchmark.
import { globSync } from "node:fs";
import { basename, join } from "node:path";

interface Benchmark {
  /** Does not run with all the others. */
  readonly runsByNameOnly?: boolean;
  /** A benchmark without a parameter has no options. */
  run(options: readonly string[]): Promise<void>;
}

interface Selection {
  readonly name: string;
  readonly options: string[];
}

const names = globSync(`${import.meta.dirname}/*.ts`)
  .map((file) => basename(file, ".ts"))
  .filter((name) => name !== "run")
  .sort();

const USAGE = `usage: npm run bench -- [name [options of it]…]
Without a name all run that take no hours.
names: ${names.join(", ")}`;

function read(words: readonly string[]): Selection[] {
  const selected: Selection[] = [];
  for (const word of words) {
    const last = selected.at(-1);
    if (names.includes(word)) selected.push({ name: word, options: [] });
    else if (last !== undefined && (word.startsWith("--") || last.options.length > 0))
      last.options.push(word);
    else fail(`No benchmark ${word}. There are: ${names.join(", ")}.`);
  }
  return selected;
}

function fail(why: string): never {
  console.error(why);
  process.exit(2);
}

if (process.argv[2] === "--help") {
  console.log(USAGE);
  process.exit(0);
}
const selected = read(process.argv.slice(2));
const all = names.map((name) => ({ name, options: [] }));
for (const { name, options } of selected.length > 0 ? selected : all) {
  console.log(`\n# ${name}\n`);
  const { run, runsByNameOnly } = (await import(join(import.meta.dirname, `${name}.ts`))) as Benchmark;
  if (runsByNameOnly && selected.length === 0) {
    console.log(`takes long and writes documents: npm run bench -- ${name}`);
    continue;
  }
  if (options.length > 0 && run.length === 0) fail(`${name} has no options.`);
  await run(options);
}
// Ends what is still open. A benchmark that failed has set the exit code.
process.exit();
