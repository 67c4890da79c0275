// `npm run bench -- <name>…` runs benchmarks by name, and all of them without one. Each file beside this one is one.
import { globSync } from "node:fs";
import { basename } from "node:path";

interface Benchmark {
  run(): Promise<void>;
}

const nameOf = (file: string): string => basename(file, ".ts");
const files = globSync(`${import.meta.dirname}/*.ts`).filter((file) => nameOf(file) !== "run");
const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !files.some((file) => nameOf(file) === name));
if (unknown.length > 0) {
  console.error(`No benchmark ${unknown.join(", ")}. There are: ${files.map(nameOf).sort().join(", ")}.`);
  process.exit(2);
}

for (const file of files.sort().filter((one) => asked.length === 0 || asked.includes(nameOf(one)))) {
  console.log(`\n# ${nameOf(file)}\n`);
  const { run } = (await import(file)) as Benchmark;
  await run();
}
process.exit(0);
