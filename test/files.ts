// Which files are tests, and which of them some words choose.
import { globSync } from "node:fs";

export function testFiles(patterns: readonly string[]): readonly string[] {
  const isWanted = (path: string): boolean =>
    patterns.length === 0 || patterns.some((part) => path.includes(part));
  return globSync("{domain,platform,services,projections,deploy,console,test}/**/*.test.ts")
    .filter(isWanted)
    .sort();
}
