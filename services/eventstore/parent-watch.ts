// Notices that the parent process is gone, also when it was killed and could tell nobody.
import { fstatSync } from "node:fs";

const CHECK_MS = 250;
const STDIN = 0;

/** Read as early as possible: opening a log takes time in which the parent may end. */
const parent = process.ppid;

export function onParentGone(callback: () => void): void {
  const timer = setInterval(() => {
    // An orphan gets another process as its parent.
    if (process.ppid !== parent) gone();
  }, CHECK_MS);
  timer.unref();
  const gone = (): void => {
    clearInterval(timer);
    callback();
  };
  // This notices also a parent that was gone before its id could be read.
  if (isPipe(STDIN)) process.stdin.once("end", gone).resume().unref();
}

function isPipe(descriptor: number): boolean {
  try {
    const stat = fstatSync(descriptor);
    return stat.isFIFO() || stat.isSocket();
  } catch {
    return false;
  }
}
