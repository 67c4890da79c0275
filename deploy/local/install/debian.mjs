// Debian's packages: installed where we may, with fresh lists only when the old ones do not do.
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";

/** Whether it may have worked is for whoever asks to look. */
export function installPackage(name) {
  if (!has("apt-get")) return;
  const isRoot = process.getuid?.() === 0;
  if (!isRoot && !succeeds("sudo", "-n", "true")) return;
  const apt = (...args) =>
    run(...(isRoot ? [] : ["sudo", "-n"]), "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", ...args);
  const install = () =>
    apt("-o", "DPkg::Lock::Timeout=120", "install", "-y", "-q", "--no-install-recommends", name);
  // The lists may be missing or old, and then name a package that is gone.
  if (install()) return;
  apt("-o", "DPkg::Lock::Timeout=120", "update", "-q");
  install();
}

/** The package without the rights to install it, and without the service that installing it would start. */
export function unpackPackage(name, folder) {
  if (!has("apt-get") || !has("dpkg-deb")) return;
  mkdirSync(folder, { recursive: true });
  if (!run({ cwd: folder }, "apt-get", "download", name)) return;
  const file = readdirSync(folder).find((one) => one.endsWith(".deb"));
  if (file === undefined) return;
  run("dpkg-deb", "-x", join(folder, file), folder);
  rmSync(join(folder, file));
}

export function has(program) {
  return spawnSync("sh", ["-c", `command -v ${program}`]).status === 0;
}

function succeeds(command, ...args) {
  return spawnSync(command, args, { stdio: "ignore" }).status === 0;
}

/** Shows what it runs and, only when that fails, what it said. */
export function run(first, ...rest) {
  const [options, command, ...args] = typeof first === "string" ? [{}, first, ...rest] : [first, ...rest];
  console.log(`  ${[command, ...args].join(" ")}`);
  const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: "utf8", ...options });
  if (status !== 0)
    console.log(
      `    failed: ${(error?.message ?? `${stderr}${stdout}`).trim().split("\n").slice(-3).join("\n    ")}`,
    );
  return status === 0;
}
