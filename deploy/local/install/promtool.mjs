// promtool checks and tests the alert rules. It is part of Debian's prometheus, which is unpacked and not installed: nobody who runs
// the tests wants a Prometheus that runs from then on.
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { unpackPackage } from "./debian.mjs";
import { findProgram, isExecutable } from "./find-program.mjs";

const UNPACKED = fileURLToPath(new URL("../../../node_modules/.prometheus", import.meta.url));

export const PROMTOOL_HELP = `promtool, which tests the alert rules, is missing and could not be fetched. This helps:
  sudo apt-get update && sudo apt-get install -y prometheus
  a promtool from https://github.com/prometheus/prometheus/releases in your PATH, or PROMTOOL=/path/to/it`;

/** @param {Record<string, string | undefined>} env */
export function findPromtool(env) {
  if (env.PROMTOOL) return isExecutable(env.PROMTOOL) ? env.PROMTOOL : undefined;
  return findProgram("promtool", [...(env.PATH ?? "").split(":"), join(UNPACKED, "usr", "bin")]);
}

/** Nothing runs without it but one test, which then says what helps. */
export function installPromtool() {
  unpackPackage("prometheus", UNPACKED);
  if (findPromtool(process.env) === undefined) console.log(PROMTOOL_HELP);
}
