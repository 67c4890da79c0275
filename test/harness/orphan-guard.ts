// Ends a server that a test started even when the test's process is killed outright, and clears up after it.
import { spawn } from "node:child_process";

/** A shell that waits for our end of a pipe to close, which the kernel does however we die. */
export function guard(pid: number, folder: string): void {
  const script = 'read -r _; kill -9 "$0" 2>/dev/null; sleep 0.2; rm -rf "$1"';
  const watcher = spawn("/bin/sh", ["-c", script, `${pid}`, folder], {
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
  });
  // Neither the shell nor the pipe keeps the test's process alive.
  watcher.unref();
  if (watcher.stdin && "unref" in watcher.stdin) (watcher.stdin as unknown as { unref(): void }).unref();
}
