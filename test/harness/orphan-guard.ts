// Ends a server that a test started even when the test's process is killed outright, and clears up after it.
import { spawn } from "node:child_process";

/** Waits for our end of a pipe to close, which the kernel does however we die; then up to `graceS` for the server to end by itself. */
const SCRIPT = `
  read -r _
  tries=$(($2 * 5))
  while [ "$tries" -gt 0 ] && kill -0 "$0" 2>/dev/null; do sleep 0.2; tries=$((tries - 1)); done
  kill -9 "$0" 2>/dev/null
  sleep 0.2
  rm -rf "$1"
`;

/** The server is gone and the folder may stay: nothing is left to do, and its number may become another's. */
type Release = () => void;

export function guard(pid: number, folder: string, graceS = 0): Release {
  const watcher = spawn("/bin/sh", ["-c", SCRIPT, `${pid}`, folder, `${graceS}`], {
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
  });
  // Neither the shell nor the pipe keeps the test's process alive.
  watcher.unref();
  if (watcher.stdin && "unref" in watcher.stdin) (watcher.stdin as unknown as { unref(): void }).unref();
  return () => watcher.kill("SIGKILL");
}
