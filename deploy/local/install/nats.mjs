// Gets nats-server: Debian's package, installed where we may and unpacked where we may not, else built with Go.
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { findNatsServer, UNPACKED } from "./nats-binary.mjs";

const GO_MODULE = "github.com/nats-io/nats-server/v2@v2.12.1";
const WAYS = [debianPackage, unpackedPackage, goBuild];

export function installNatsServer() {
  for (const way of WAYS) {
    way();
    if (findNatsServer(process.env) !== undefined) return;
  }
  throw new Error(`nats-server is missing and could not be installed. Any one of these helps:
  sudo apt-get update && sudo apt-get install -y nats-server
  go install ${GO_MODULE}
  a nats-server from https://github.com/nats-io/nats-server/releases in your PATH
  NATS_URL=nats://host:port npm start, with a server that runs already`);
}

function debianPackage() {
  if (!has("apt-get")) return;
  const isRoot = process.getuid?.() === 0;
  if (!isRoot && !succeeds("sudo", "-n", "true")) return;
  const apt = (...args) =>
    run(...(isRoot ? [] : ["sudo", "-n"]), "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", ...args);
  const install = () =>
    apt("-o", "DPkg::Lock::Timeout=120", "install", "-y", "-q", "--no-install-recommends", "nats-server");
  // The lists may be missing or old, and then name a package that is gone.
  if (install()) return;
  apt("-o", "DPkg::Lock::Timeout=120", "update", "-q");
  install();
}

/** The same package without the rights to install it: the server is one file. */
function unpackedPackage() {
  if (!has("apt-get") || !has("dpkg-deb")) return;
  mkdirSync(UNPACKED, { recursive: true });
  if (!run({ cwd: UNPACKED }, "apt-get", "download", "nats-server")) return;
  const file = readdirSync(UNPACKED).find((name) => name.endsWith(".deb"));
  if (file !== undefined) run("dpkg-deb", "-x", join(UNPACKED, file), UNPACKED);
}

function goBuild() {
  if (!has("go")) return;
  run({ env: { ...process.env, GOBIN: join(homedir(), "go", "bin") } }, "go", "install", GO_MODULE);
}

function has(program) {
  return spawnSync("sh", ["-c", `command -v ${program}`]).status === 0;
}

function succeeds(command, ...args) {
  return spawnSync(command, args, { stdio: "ignore" }).status === 0;
}

/** Shows what it runs and, only when that fails, what it said. */
function run(first, ...rest) {
  const [options, command, ...args] = typeof first === "string" ? [{}, first, ...rest] : [first, ...rest];
  console.log(`  ${[command, ...args].join(" ")}`);
  const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: "utf8", ...options });
  if (status !== 0)
    console.log(
      `    failed: ${(error?.message ?? `${stderr}${stdout}`).trim().split("\n").slice(-3).join("\n    ")}`,
    );
  return status === 0;
}
