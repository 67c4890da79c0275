// Builds the console where its sources, or what it is built with, are others than at the last build.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const FOLDER = "console";
const STAMP = `${FOLDER}/dist/.built-from`;
/** It shares the meaning of rules with the rest of the system. */
const SOURCES = [FOLDER, "domain/rules", "package-lock.json", "tsconfig.json"];

/** Where there are no sources, there is nothing to build. */
export function consoleIsBuilt() {
  if (!existsSync(`${FOLDER}/vite.config.ts`)) return true;
  return existsSync(STAMP) && readFileSync(STAMP, "utf8") === digest();
}

/** Without it everything but the console works, and the gateway says so: a failure stops no start. */
export function buildConsole() {
  const from = digest();
  const { status, error } = spawnSync(
    "node_modules/.bin/node",
    ["node_modules/vite/bin/vite.js", "build", FOLDER, "--logLevel", "warn"],
    { stdio: "inherit" },
  );
  if (status === 0) writeFileSync(STAMP, from);
  else
    console.error(
      `The console could not be built${error ? `: ${error.message}` : "; the message is above"}.`,
    );
}

function digest() {
  const hash = createHash("sha256");
  for (const path of SOURCES.flatMap(filesBelow)) hash.update(`${path}\0`).update(readFileSync(path));
  return hash.digest("hex");
}

function filesBelow(path) {
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path)
    .sort()
    .filter((name) => name !== "dist")
    .flatMap((name) => filesBelow(join(path, name)));
}
