// Runs on whatever Node the machine has (20 or later) before anything is installed, so it is plain JavaScript
// and imports nothing. Everything after it runs on the pinned Node in node_modules/.bin.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";

const [major] = process.versions.node.split(".").map(Number);
if (major < 20) {
  console.error(`Switchyard needs Node 20 or later to install itself; this is ${process.version}.`);
  process.exit(1);
}

const root = new URL("../../", import.meta.url);
process.chdir(root.pathname);

const stamp = "node_modules/.installed-lock";
const lock = createHash("sha256").update(readFileSync("package-lock.json")).digest("hex");
const installed =
  existsSync(stamp) && existsSync("node_modules/.bin/node") && readFileSync(stamp, "utf8") === lock;

if (!installed) {
  console.log("Installing dependencies (npm ci) …");
  // --include=dev: a NODE_ENV=production in the environment must not take the tests' tools away.
  const done = spawnSync("npm", ["ci", "--include=dev", "--no-fund", "--no-audit"], { stdio: "inherit" });
  if (done.status !== 0) {
    console.error(
      "npm ci failed, so nothing was started. Its message is above; repair it and run the command again.",
    );
    process.exit(done.status ?? 1);
  }
  writeFileSync(stamp, lock);
}
