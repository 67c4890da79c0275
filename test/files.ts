// Which files are tests, which of them some words choose, and which run one at a time.
import { globSync } from "node:fs";
import { basename } from "node:path";

export function testFiles(patterns: readonly string[]): readonly string[] {
  const isWanted = (path: string): boolean =>
    patterns.length === 0 || patterns.some((part) => path.includes(part));
  return globSync("{domain,platform,services,projections,deploy,console,test}/**/*.test.ts")
    .filter(isWanted)
    .sort();
}

/** They wait more than they compute: for leases that end, for processes that start. */
export function isWholeYard(path: string): boolean {
  return /\.(e2e|chaos)\.test\.ts$/.test(basename(path));
}

/** They say within what time something happens, or run several yards at once, so each has the machine to itself. */
const ALONE = [
  "deploy/local/backup.e2e.test.ts",
  "deploy/local/start.e2e.test.ts",
  "services/gateway/gateway.chaos.test.ts",
  "services/gateway/hostile-connections.chaos.test.ts",
  "services/leads/handover.chaos.test.ts",
  "services/partners/crash.chaos.test.ts",
  "test/campaigns/running.e2e.test.ts",
  "test/campaigns/scenarios.e2e.test.ts",
  "test/console/first-walk.e2e.test.ts",
  "test/load/smoke.e2e.test.ts",
];

export function isAlone(path: string): boolean {
  return ALONE.includes(path);
}
