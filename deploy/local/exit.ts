// How a command ends that can't go on: in words for what a person can repair, with a stack for what is a bug.
import { ConfigError } from "#platform/config.ts";
import { UnknownMasterKey } from "#platform/vault/master-key.ts";
import { Problem } from "./problem.ts";

export function exitWith(error: unknown): never {
  console.error(wordsFor(error));
  process.exit(1);
}

export function wordsFor(error: unknown): string {
  if (isRepairable(error)) return `\n${error.message}`;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

/** By the person at the terminal. */
export function isRepairable(error: unknown): error is Error {
  return error instanceof Problem || error instanceof ConfigError || error instanceof UnknownMasterKey;
}
