// What children see of the environment that the launcher was started in: named variables, so that no secret of the shell reaches them.
import type { Environment } from "#platform/config.ts";
import { COMPILE_CACHE } from "./compile-cache.ts";

const NODE_VARIABLES = [
  "PATH",
  "HOME",
  "TMPDIR",
  "TZ",
  "LANG",
  "LC_ALL",
  // What people tune Node with, what else it should trust, and where it leaves its coverage.
  "NODE_OPTIONS",
  "UV_THREADPOOL_SIZE",
  "NODE_EXTRA_CA_CERTS",
  "SSL_CERT_DIR",
  "SSL_CERT_FILE",
  "NODE_V8_COVERAGE",
];

export function pick(env: Environment, names: readonly string[]): Record<string, string> {
  const found = names.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]] as const]));
  return Object.fromEntries(found);
}

/** For a program of ours. */
export function nodeEnvironment(env: Environment): Record<string, string> {
  return { NODE_COMPILE_CACHE: COMPILE_CACHE, ...pick(env, NODE_VARIABLES) };
}
