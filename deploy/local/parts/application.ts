// The application, every wanted role in one process.

import type { Command } from "../children/children.ts";
import { COMPILE_CACHE } from "../compile-cache.ts";

export interface ApplicationOptions {
  readonly script: string;
  readonly env: NodeJS.ProcessEnv;
  readonly drainMs: number;
  readonly onRestarted: () => Promise<void>;
}

export function applicationCommand({ script, env, drainMs, onRestarted }: ApplicationOptions): Command {
  return {
    name: "application",
    command: process.execPath,
    args: ["--disable-warning=ExperimentalWarning", script],
    env: { NODE_COMPILE_CACHE: COMPILE_CACHE, ...env, SWITCHYARD_PARENT: `${process.pid}` },
    ready: /^switchyard ready on (\S+)/,
    readyWithinMs: 90_000,
    stopSignal: "SIGTERM",
    stopWithinMs: drainMs + 1_000,
    onRestarted,
    remark: warningIn,
  };
}

const WARN = 40;

/** The words of a log line that a person should see at once. */
function warningIn(line: string): string | undefined {
  if (!line.startsWith("{")) return undefined;
  try {
    const { level, msg, role, err } = JSON.parse(line) as {
      level?: number;
      msg?: string;
      role?: string;
      err?: { message?: string };
    };
    if (level === undefined || level < WARN) return undefined;
    const words = [role, msg, err?.message].filter((part) => part !== undefined && part !== "");
    return words.join(": ").slice(0, 300);
  } catch {
    return undefined;
  }
}
