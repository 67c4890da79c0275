// Two installs in one checkout would take each other's files away, so the second waits for the first.
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

const LOOK_MS = 300;

/** Runs `work` while no other install of this checkout runs; a dead one's lock is taken over. */
export async function whileAlone(work) {
  const checkout = createHash("sha256").update(process.cwd()).digest("hex").slice(0, 16);
  const lock = join(tmpdir(), `switchyard-install-${userInfo().uid}-${checkout}`);
  const holder = join(lock, "pid");
  for (let told = false; !take(lock, holder); told = true) {
    if (!told) console.log("Another install of this checkout is running; waiting for it …");
    await pause(LOOK_MS);
    if (!isHeld(holder)) clear(lock);
  }
  const release = () => rmSync(lock, { recursive: true, force: true });
  process.once("exit", release);
  try {
    await work();
  } finally {
    release();
    process.off("exit", release);
  }
}

function take(lock, holder) {
  try {
    mkdirSync(lock);
  } catch (error) {
    if (error.code === "EEXIST") return false;
    throw error;
  }
  writeFileSync(holder, `${process.pid}`);
  return true;
}

function isHeld(holder) {
  try {
    process.kill(Number(readFileSync(holder, "utf8")), 0);
    return true;
  } catch (error) {
    // EPERM: it lives, under another user.
    return error.code === "EPERM";
  }
}

/** Renamed first: of several that find it dead only one can, so none removes the lock of its successor. */
function clear(lock) {
  const dead = `${lock}.${process.pid}`;
  try {
    renameSync(lock, dead);
    rmSync(dead, { recursive: true, force: true });
  } catch (error) {
    if (error.code !== "ENOENT") throw error;
  }
}
