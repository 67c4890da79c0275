// Whether a known weakness of a dependency is serious. Only the registry knows them: where it can't be asked, this says so and passes.
import { spawnSync } from "node:child_process";

const SERIOUS = ["high", "critical"];
const DEADLINE_MS = 60_000;

interface Report {
  readonly vulnerabilities?: Readonly<
    Record<string, { readonly severity: string; readonly range: string; readonly via: readonly unknown[] }>
  >;
  readonly message?: string;
}

const { stdout, error } = spawnSync("npm", ["audit", "--json"], {
  encoding: "utf8",
  timeout: DEADLINE_MS,
});
const { vulnerabilities, message } = reportIn(stdout ?? "");
if (vulnerabilities === undefined) {
  console.log(
    `note: advisories were not checked, the registry does not tell them: ${message ?? error?.message}`,
  );
  process.exit(0);
}
const all = Object.entries(vulnerabilities);
const serious = all.filter(([, { severity }]) => SERIOUS.includes(severity));
for (const [name, { severity, range }] of serious)
  console.log(`${name} ${range} has a ${severity} advisory; see npm audit`);
const others = all.length - serious.length;
if (others > 0) console.log(`note: ${others} packages have advisories of a lower severity; see npm audit`);
process.exit(serious.length > 0 ? 1 : 0);

function reportIn(text: string): Report {
  try {
    return JSON.parse(text) as Report;
  } catch {
    return {};
  }
}
