// Lets a process give way to others when processors are short.
import { writeFileSync } from "node:fs";
import { setPriority } from "node:os";

/** Without privileges the kernel takes one change of a group in a tenth of a second. */
const AGAIN_MS = 150;
const MAX_TRIES = 20;

/**
 * The process is the first of a session of its own. Where Linux groups processes by session (`kernel.sched_autogroup_enabled`), `nice`
 * counts among the processes of one session only, and between sessions that of the group.
 */
export function standBack(pid: number, niceness: number): void {
  // Not worth failing for: it may have died already.
  try {
    setPriority(pid, niceness);
  } catch {}
  standBackAsGroup(pid, niceness, MAX_TRIES);
}

function standBackAsGroup(pid: number, niceness: number, tries: number): void {
  try {
    writeFileSync(`/proc/${pid}/autogroup`, `${niceness}`, { flag: "r+" });
  } catch (error) {
    // Elsewhere, and with it switched off, there are no such groups.
    if ((error as NodeJS.ErrnoException).code !== "EAGAIN" || tries === 0) return;
    setTimeout(() => standBackAsGroup(pid, niceness, tries - 1), AGAIN_MS).unref();
  }
}
