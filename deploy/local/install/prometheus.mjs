// Prometheus runs the dashboards' queries and the alerts in tests, its promtool checks the rules. They are Debian's, which is unpacked and
// not installed: nobody who runs the tests wants a Prometheus that runs from then on.
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { unpackPackage } from "./debian.mjs";
import { findProgram, isExecutable } from "./find-program.mjs";

const UNPACKED = fileURLToPath(new URL("../../../node_modules/.prometheus", import.meta.url));

export const PROMETHEUS_HELP = `prometheus and its promtool, which test alerts and dashboards, are missing and could not be fetched. This helps:
  sudo apt-get update && sudo apt-get install -y prometheus
  both from https://github.com/prometheus/prometheus/releases in your PATH, or PROMETHEUS=/path/to/it and PROMTOOL=/path/to/it`;

/** @param {Record<string, string | undefined>} env */
export function findPromtool(env) {
  return find("promtool", env.PROMTOOL, env);
}

/** @param {Record<string, string | undefined>} env */
export function findPrometheus(env) {
  return find("prometheus", env.PROMETHEUS, env);
}

/**
 * @param {string} name
 * @param {string | undefined} given
 * @param {Record<string, string | undefined>} env
 */
function find(name, given, env) {
  if (given) return isExecutable(given) ? given : undefined;
  return findProgram(name, [...(env.PATH ?? "").split(":"), join(UNPACKED, "usr", "bin")]);
}

/** @param {Record<string, string | undefined>} env */
export function prometheusIsThere(env) {
  return findPromtool(env) !== undefined && findPrometheus(env) !== undefined;
}

/** Nothing runs without it but a few tests, which then say what helps. */
export function installPrometheus() {
  unpackPackage("prometheus", UNPACKED);
  if (!prometheusIsThere(process.env)) console.log(PROMETHEUS_HELP);
}
