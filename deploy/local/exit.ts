// How a command ends that can't go on: in words for what a person can mend, with a stack for what is our own mistake.
import { ConfigError } from "#platform/config.ts";
import { UnknownMasterKey } from "#platform/vault/master-key.ts";
import { Problem } from "./problem.ts";

export function exitWith(error: unknown): never {
  console.error(wordsFor(error));
  process.exit(1);
}

export function wordsFor(error: unknown): string {
  if (isMendable(error)) return `\n${error.message}`;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

/** By the person at the terminal. */
export function isMendable(error: unknown): error is Error {
  return error instanceof Problem || error instanceof ConfigError || error instanceof UnknownMasterKey;
}
