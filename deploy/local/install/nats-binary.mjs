// Where nats-server may be. Plain JavaScript, since the installer runs before anything is installed.
import { homedir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { findProgram, isExecutable } from "./find-program.mjs";

const root = fileURLToPath(new URL("../../../", import.meta.url));
/** Here the installer unpacks it where it may not install it. */
export const UNPACKED = join(root, "node_modules", ".nats");

/** @param {Record<string, string | undefined>} env */
export function findNatsServer(env) {
  if (env.NATS_SERVER) return isExecutable(env.NATS_SERVER) ? env.NATS_SERVER : undefined;
  // Debian installs it where only root's PATH leads.
  return findProgram("nats-server", [
    ...(env.PATH ?? "").split(":"),
    join(homedir(), "go", "bin"),
    "/usr/local/bin",
    "/usr/local/sbin",
    "/usr/sbin",
    join(UNPACKED, "usr", "sbin"),
  ]);
}
