// `npm run bench -- <name>…` runs benchmarks by name, and all of them without one. Each file beside this one is one.
// Options behind a name are that benchmark's own.
import { globSync } from "node:fs";
import { basename, join } from "node:path";

interface Benchmark {
  /** One that takes no parameter has no options. */
  run(options: readonly string[]): Promise<void>;
}

interface Asked {
  readonly name: string;
  readonly options: string[];
}

const names = globSync(`${import.meta.dirname}/*.ts`)
  .map((file) => basename(file, ".ts"))
  .filter((name) => name !== "run")
  .sort();

function read(words: readonly string[]): Asked[] {
  const asked: Asked[] = [];
  for (const word of words) {
    const last = asked.at(-1);
    if (names.includes(word)) asked.push({ name: word, options: [] });
    else if (last !== undefined && (word.startsWith("--") || last.options.length > 0))
      last.options.push(word);
    else fail(`No benchmark ${word}. There are: ${names.join(", ")}.`);
  }
  return asked;
}

function fail(why: string): never {
  console.error(why);
  process.exit(2);
}

const given = read(process.argv.slice(2));
for (const { name, options } of given.length > 0 ? given : names.map((name) => ({ name, options: [] }))) {
  console.log(`\n# ${name}\n`);
  const { run } = (await import(join(import.meta.dirname, `${name}.ts`))) as Benchmark;
  if (options.length > 0 && run.length === 0) fail(`${name} has no options.`);
  await run(options);
}
// Something may still be open, and a benchmark says by the exit code whether all was well.
process.exit();
