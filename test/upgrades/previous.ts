// The release before this one, as files beside: what its processes wrote and still do must fit what ours do.
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "../eventstore/server.ts";

const ROOT = new URL("../../", import.meta.url).pathname;

/** A tag or a commit: PREVIOUS, else what the file says. */
export function previousRelease(): string {
  const { commit } = JSON.parse(readFileSync(new URL("previous.json", import.meta.url), "utf8")) as {
    commit: string;
  };
  return process.env.PREVIOUS ?? commit;
}

/** Its folder, with this version's dependencies; undefined where this clone does not have it, as a shallow one. */
export function checkedOut(release: string): string | undefined {
  const git = (...args: readonly string[]) => ["-C", ROOT, ...args];
  const known = spawnSync("git", git("cat-file", "-e", `${release}^{commit}`), { stdio: "ignore" });
  if (known.status !== 0) return undefined;
  const dir = join(temporaryFolder("previous-"), "switchyard");
  mkdirSync(dir);
  // Not a work tree: git would remember it when the test is killed.
  const files = execFileSync("git", git("archive", release), { maxBuffer: 256 * 1024 * 1024 });
  execFileSync("tar", ["-x", "-C", dir], { input: files });
  symlinkSync(join(ROOT, "node_modules"), join(dir, "node_modules"));
  return dir;
}
