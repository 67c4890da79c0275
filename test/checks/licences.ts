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

interface Lock {
  readonly packages: Readonly<Record<string, { readonly license?: string; readonly version?: string }>>;
}

function isAllowed(expression: string): boolean {
  const plain = expression.replace(/[()]/g, "");
  return plain.split(" OR ").some((side) => side.split(" AND ").every((one) => ALLOWED.has(one.trim())));
}

const [file = "package-lock.json"] = process.argv.slice(2);
const { packages } = JSON.parse(readFileSync(file, "utf8")) as Lock;
const refused = Object.entries(packages).flatMap(([path, { license = "none that is named", version }]) =>
  isAllowed(license) ? [] : [`${path.replace(/^.*node_modules\//, "")}@${version}: ${license}`],
);
if (refused.length > 0) {
  console.log("These packages have a licence that is not in the list of test/checks/licences.ts:");
  for (const one of refused) console.log(`  ${one}`);
  process.exit(1);
}
