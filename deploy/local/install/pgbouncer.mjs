// PgBouncer stands between the roles and PostgreSQL in one test. Debian's is unpacked and not installed: nobody who runs the tests wants
// one that runs from then on.
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { unpackPackage } from "./debian.mjs";
import { findProgram, isExecutable } from "./find-program.mjs";

const UNPACKED = fileURLToPath(new URL("../../../node_modules/.pgbouncer", import.meta.url));
/** What it needs of what a machine may lack. */
const LIBRARIES = ["libevent-2.1-7", "libc-ares2"];

/** For its environment: where its libraries are if they came with it. */
export const PGBOUNCER_LIBRARIES = ["x86_64-linux-gnu", "aarch64-linux-gnu"]
  .map((machine) => join(UNPACKED, "usr", "lib", machine))
  .join(":");

export const PGBOUNCER_HELP = `PgBouncer, which one test puts before PostgreSQL, is missing and could not be fetched. This helps:
  sudo apt-get update && sudo apt-get install -y pgbouncer
  a pgbouncer in your PATH, or PGBOUNCER=/path/to/it`;

/** @param {Record<string, string | undefined>} env */
export function findPgbouncer(env) {
  if (env.PGBOUNCER) return isExecutable(env.PGBOUNCER) ? env.PGBOUNCER : undefined;
  return findProgram("pgbouncer", [
    ...(env.PATH ?? "").split(":"),
    // Debian installs it where only root's PATH leads.
    "/usr/sbin",
    join(UNPACKED, "usr", "sbin"),
  ]);
}

export function installPgbouncer() {
  for (const name of ["pgbouncer", ...LIBRARIES]) unpackPackage(name, UNPACKED);
  if (findPgbouncer(process.env) === undefined) console.log(PGBOUNCER_HELP);
}
