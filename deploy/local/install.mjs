// Runs on whatever Node the machine has (20 or later) before anything is installed, so it is plain JavaScript
// and imports nothing from npm. Everything after it runs on the pinned Node in node_modules/.bin.
// --services also builds the console and brings what npm start needs, --tests what npm test needs, --bench what npm run bench compares with.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { findChromium, installChromium } from "./install/chromium.mjs";
import { buildConsole, consoleIsBuilt } from "./install/console.mjs";
import { findFaketime, installFaketime } from "./install/faketime.mjs";
import { whileAlone } from "./install/lock.mjs";
import { installNatsServer } from "./install/nats.mjs";
import { findNatsServer } from "./install/nats-binary.mjs";
import { findPgbouncer, installPgbouncer } from "./install/pgbouncer.mjs";
import { installPrometheus, prometheusIsThere } from "./install/prometheus.mjs";
import { installRedis, redisIsThere } from "./install/redis.mjs";

const [major] = process.versions.node.split(".").map(Number);
if (major < 20) {
  console.error(`Switchyard needs Node 20 or later to install itself; this is ${process.version}.`);
  process.exit(1);
}

process.chdir(fileURLToPath(new URL("../../", import.meta.url)));
const wanted = new Set(process.argv.slice(2));
const steps = [
  { name: "dependencies", isDone: dependenciesAreInstalled, install: installDependencies },
  { name: "nats-server", isDone: natsServerIsThere, install: installNatsServer },
  {
    name: "prometheus",
    isDone: () => !wanted.has("--tests") || prometheusIsThere(process.env),
    install: installPrometheus,
  },
  { name: "pgbouncer", isDone: pgbouncerIsThere, install: installPgbouncer },
  { name: "libfaketime", isDone: faketimeIsThere, install: installFaketime },
  { name: "chromium", isDone: chromiumIsThere, install: installChromium },
  { name: "console", isDone: consoleIsThere, install: buildConsole },
  { name: "redis-server", isDone: () => !wanted.has("--bench") || redisIsThere(), install: installRedis },
];

if (steps.some(({ isDone }) => !isDone())) {
  await whileAlone(() => {
    for (const { name, isDone, install } of steps) if (!isDone()) timed(name, install);
  });
}

function dependenciesAreInstalled() {
  const stamp = readOr("node_modules/.installed-lock");
  return stamp === lockfileDigest() && existsSync("node_modules/.bin/node");
}

function installDependencies() {
  // Not `npm ci`: that refuses a lock file which lacks an optional package for another platform. --no-save takes the locked
  // versions and leaves the lock file alone; --include=dev, since NODE_ENV=production must not take the tests' tools away.
  const { status } = spawnSync(
    "npm",
    ["install", "--no-save", "--include=dev", "--no-fund", "--no-audit", "--loglevel=error"],
    {
      stdio: "inherit",
    },
  );
  if (status !== 0)
    throw new Error("npm install failed; its message is above. Repair it and run the command again.");
  writeFileSync("node_modules/.installed-lock", lockfileDigest());
}

function natsServerIsThere() {
  const needed = wanted.has("--tests") || (wanted.has("--services") && !process.env.NATS_URL);
  return !needed || findNatsServer(process.env) !== undefined;
}

function chromiumIsThere() {
  return !wanted.has("--tests") || findChromium(process.env) !== undefined;
}

function consoleIsThere() {
  return !(wanted.has("--services") || wanted.has("--tests")) || consoleIsBuilt();
}

function pgbouncerIsThere() {
  return !wanted.has("--tests") || findPgbouncer(process.env) !== undefined;
}

function faketimeIsThere() {
  return !wanted.has("--tests") || findFaketime(process.env) !== undefined;
}

function lockfileDigest() {
  return createHash("sha256").update(readFileSync("package-lock.json")).digest("hex");
}

function readOr(path) {
  return existsSync(path) ? readFileSync(path, "utf8") : undefined;
}

function timed(name, install) {
  const start = performance.now();
  console.log(`Installing ${name} …`);
  try {
    install();
  } catch (error) {
    console.error(`\n${error.message}`);
    process.exit(1);
  }
  console.log(`Installed ${name} in ${((performance.now() - start) / 1000).toFixed(1)} s`);
}
