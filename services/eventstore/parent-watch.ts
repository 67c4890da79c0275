// Notices that the parent is gone even when it was killed outright and could tell nobody.
import { fstatSync } from "node:fs";

const LOOK_MS = 250;
const STDIN = 0;

/** As early as it can be known: opening a log takes time in which the parent may go. */
const parent = process.ppid;

export function onParentGone(act: () => void): void {
  const look = setInterval(() => {
    // Orphans are handed to another process.
    if (process.ppid !== parent) gone();
  }, LOOK_MS);
  look.unref();
  const gone = (): void => {
    clearInterval(look);
    act();
  };
  // Sees also a parent that was gone before its id could be read.
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
