// What a line of a log says to a person: our own programs write pino's JSON, the others plain text.
import { z } from "zod";

const WARN = 40;
const ERROR = 50;
const MAX_CHARACTERS = 300;

const lineSchema = z.object({
  level: z.number(),
  msg: z.string().optional(),
  role: z.string().optional(),
  err: z.object({ message: z.string().optional() }).optional(),
});

/** JavaScript, V8, PostgreSQL and nats-server mark their errors so. */
const PLAIN_ERROR = /^(?:Uncaught )?\w*Error\b|\b(?:ERROR|FATAL|PANIC)\b|\[(?:ERR|FTL)\]/;

export function warningIn(line: string): string | undefined {
  return wordsIn(line, WARN);
}

export function errorIn(line: string): string | undefined {
  if (line.startsWith("{")) return wordsIn(line, ERROR);
  return PLAIN_ERROR.test(line) ? line.trim().slice(0, MAX_CHARACTERS) : undefined;
}

function wordsIn(line: string, minLevel: number): string | undefined {
  if (!line.startsWith("{")) return undefined;
  try {
    const { level, msg, role, err } = lineSchema.parse(JSON.parse(line));
    if (level < minLevel) return undefined;
    const words = [role, msg, err?.message].filter((part) => part !== undefined && part !== "");
    return words.join(": ").slice(0, MAX_CHARACTERS);
  } catch {
    return undefined;
  }
}
