// Reads a child's log along: whether it is ready, what a person should see at once, and why it ended.

import type { LogFile } from "./log-file.ts";
import { errorIn } from "./log-lines.ts";

const MAX_WARNINGS = 3;
const MAX_LAST_LINES = 25;
/** An older error is hardly why a process ended. */
const RECENT_MS = 10_000;

export interface Followed {
  /** As people call it. */
  readonly name: string;
  /** Found in one line of its output as soon as it serves. */
  readonly ready: RegExp;
  /** A line for the person at the terminal, made from a line of the log. */
  readonly warning?: (line: string) => string | undefined;
}

export interface LogFollower {
  /** Before each launch: what stands in the log by now was said by another process. */
  restart(): void;
  /** Reads what is new; returns what `ready` matched since the launch. Warnings are passed on from then on. */
  read(): RegExpExecArray | undefined;
  /** The last lines of this launch. */
  lastLines(): string;
  /** The last error of this launch, if it is recent. */
  lastError(): string | undefined;
}

export function followLog(
  { name, ready, warning }: Followed,
  log: LogFile,
  say: (line: string) => void,
): LogFollower {
  let match: RegExpExecArray | undefined;
  let last: string[] = [];
  let error: { readonly words: string; readonly at: number } | undefined;

  function take(line: string): string | undefined {
    const words = errorIn(line);
    if (words !== undefined) error = { words, at: performance.now() };
    // Structured lines are put into words, and left out where there are none.
    const shown = line.startsWith("{") ? warning?.(line) : line;
    if (shown !== undefined) last = [...last, shown].slice(-MAX_LAST_LINES);
    if (match !== undefined) return warning?.(line);
    match = ready.exec(line) ?? undefined;
    return undefined;
  }

  return {
    restart() {
      log.skip();
      match = undefined;
      last = [];
      error = undefined;
    },
    read() {
      const warnings = log.newLines().flatMap((line) => take(line) ?? []);
      // A flood in the log is a trickle on the terminal.
      for (const one of warnings.slice(0, MAX_WARNINGS)) say(`${name}: ${one}`);
      const more = warnings.length - MAX_WARNINGS;
      if (more > 0) say(`${name}: ${more} more lines like these are in ${log.path}`);
      return match;
    },
    lastLines: () => last.join("\n"),
    lastError: () =>
      error !== undefined && performance.now() - error.at < RECENT_MS ? error.words : undefined,
  };
}
