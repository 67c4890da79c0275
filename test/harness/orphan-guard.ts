// Ends a server that a test started even when the test's process is killed outright, and clears up after it.
import { spawn } from "node:child_process";

/** Waits for our end of a pipe to close, which the kernel does however we die; then up to `graceS` for the servers to end by themselves. */
const SCRIPT = `
  pids="$0"
  alive() { for pid in $pids; do kill -0 "$pid" 2>/dev/null && return 0; done; return 1; }
  read -r _
  tries=$(($2 * 5))
  while [ "$tries" -gt 0 ] && alive; do sleep 0.2; tries=$((tries - 1)); done
  kill -9 $pids 2>/dev/null
  sleep 0.2
  rm -rf "$1"
`;

/** For servers that have ended: their process ids may be used again, and nothing is left to remove. */
type Release = () => void;

export function guard(pids: number | readonly number[], folder: string, graceS = 0): Release {
  const watcher = spawn("/bin/sh", ["-c", SCRIPT, [pids].flat().join(" "), folder, `${graceS}`], {
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
  });
  // Neither the shell nor the pipe keeps the test's process alive.
  watcher.unref();
  if (watcher.stdin && "unref" in watcher.stdin) (watcher.stdin as unknown as { unref(): void }).unref();
  return () => watcher.kill("SIGKILL");
}
