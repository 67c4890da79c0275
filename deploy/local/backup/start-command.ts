// How a yard is started on what was restored: with what the restore was given.
import { resolve } from "node:path";
import type { Environment } from "#platform/config.ts";

const PATHS = ["DATA_DIR", "MASTER_KEY_FILE", "DATABASE_URL_FILE"];
/** Not repeated on a screen. */
const SECRETS = ["MASTER_KEY", "MASTER_KEYS_READABLE", "DATABASE_URL"];

export function startCommand(env: Environment): string {
  const given = (name: string): string => env[name] ?? "";
  const paths = PATHS.filter((name) => given(name) !== "").map(
    (name) => `${name}=${shellWord(resolve(given(name)))}`,
  );
  const secrets = SECRETS.filter((name) => given(name) !== "").map((name) => `${name}=…`);
  return [...paths, ...secrets, "npm start"].join(" ");
}

const shellWord = (text: string): string =>
  /^[\w./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
