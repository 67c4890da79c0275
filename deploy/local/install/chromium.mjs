// Chromium is what the tests open the console with. No tool may download a browser; this is Debian's.
import { installPackage } from "./debian.mjs";
import { findProgram, isExecutable } from "./find-program.mjs";

const CHROMIUM_HELP = `chromium, which the tests open the console with, is missing and could not be installed. This helps:
  sudo apt-get update && sudo apt-get install -y chromium
  a Chromium or Chrome in your PATH, or CHROMIUM=/path/to/it`;

const NAMES = ["chromium", "chromium-browser", "google-chrome"];

/** @param {Record<string, string | undefined>} env */
export function findChromium(env) {
  if (env.CHROMIUM) return isExecutable(env.CHROMIUM) ? env.CHROMIUM : undefined;
  const folders = (env.PATH ?? "").split(":");
  return NAMES.map((name) => findProgram(name, folders)).find((found) => found !== undefined);
}

/** Nothing runs without it but the console's tests, which then say what helps. */
export function installChromium() {
  installPackage("chromium");
  if (findChromium(process.env) === undefined) console.log(CHROMIUM_HELP);
}
