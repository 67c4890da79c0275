// Whether every package in the lock file has a licence that this project may use. SPDX expressions: one side of an OR is enough.
import { readFileSync } from "node:fs";

const ALLOWED: ReadonlySet<string> = new Set([
  "0BSD",
  "Apache-2.0",
  "BlueOak-1.0.0",
  "BSD-2-Clause",
  "BSD-3-Clause",
  "ISC",
  "MIT",
  "MIT-0",
  "PostgreSQL",
  "Unlicense",
]);

/** Of a typeface, which the console brings along unchanged. */
const TYPEFACES: ReadonlyMap<string, string> = new Map([
  ["node_modules/@fontsource-variable/inter", "OFL-1.1"],
]);
/** Of tools that nothing of ours contains: they build or test it, and stay where they are. */
const TOOLS: ReadonlySet<string> = new Set(["MPL-2.0", "Python-2.0"]);

interface Lock {
  readonly packages: Readonly<
    Record<string, { readonly license?: string; readonly version?: string; readonly dev?: boolean }>
  >;
}

function isAllowed(expression: string, path: string, isTool: boolean): boolean {
  if (TYPEFACES.get(path) === expression) return true;
  const plain = expression.replace(/[()]/g, "");
  const may = (one: string): boolean => ALLOWED.has(one) || (isTool && TOOLS.has(one));
  return plain.split(" OR ").some((side) => side.split(" AND ").every((one) => may(one.trim())));
}

const [file = "package-lock.json"] = process.argv.slice(2);
const { packages } = JSON.parse(readFileSync(file, "utf8")) as Lock;
const refused = Object.entries(packages).flatMap(
  ([path, { license = "none that is named", version, dev = false }]) =>
    isAllowed(license, path, dev) ? [] : [`${path.replace(/^.*node_modules\//, "")}@${version}: ${license}`],
);
if (refused.length > 0) {
  console.log("These packages have a licence that is not in the list of test/checks/licences.ts:");
  for (const one of refused) console.log(`  ${one}`);
  process.exit(1);
}
