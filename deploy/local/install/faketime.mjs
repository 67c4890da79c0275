// libfaketime sets the clock of a single process, which npm run chaos does. Debian's is unpacked and not installed, beside one that the
// machine may have.
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { unpackPackage } from "./debian.mjs";

const UNPACKED = fileURLToPath(new URL("../../../node_modules/.faketime", import.meta.url));
/** In the folder of the machine's architecture, whichever that is. */
const LIBRARY = join("faketime", "libfaketime.so.1");

const FAKETIME_HELP = `libfaketime, with which tests set the clock of a process, is missing and could not be fetched. This helps:
  sudo apt-get update && sudo apt-get install -y libfaketime
  FAKETIME_LIB=/path/to/libfaketime.so.1`;

/** @param {Record<string, string | undefined>} env */
export function findFaketime(env) {
  if (env.FAKETIME_LIB) return existsSync(env.FAKETIME_LIB) ? env.FAKETIME_LIB : undefined;
  return ["/", UNPACKED]
    .flatMap((root) => librariesIn(join(root, "usr", "lib")))
    .find((path) => existsSync(path));
}

/** @param {string} folder */
function librariesIn(folder) {
  if (!existsSync(folder)) return [];
  const architectures = readdirSync(folder).filter((name) => name.includes("-linux-gnu"));
  return ["", ...architectures].map((name) => join(folder, name, LIBRARY));
}

/** Nothing runs without it but the blows that set a clock, which then say so. */
export function installFaketime() {
  unpackPackage("libfaketime", UNPACKED);
  if (findFaketime(process.env) === undefined) console.log(FAKETIME_HELP);
}
