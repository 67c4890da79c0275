// The configuration with nothing left open: every address and secret that a role needs is definite.
import type { Config } from "./config.ts";

export interface Connections extends Config {
  readonly natsUrl: string;
  readonly eventstoreUrl: string;
  readonly databaseUrl: string;
  readonly adminToken: string;
  readonly masterKey: Buffer;
}

/** Fills in from endpoints.json and from the secrets kept below DATA_DIR; throws ConfigError when an address is nowhere. */
export function resolveConnections(_config: Config): Connections {
  throw new Error("not yet");
}

export interface KeptSecrets {
  readonly adminToken: string;
  readonly masterKey: Buffer;
  readonly sources: Config["sources"];
}

/** The secrets alone, for a launcher that has no addresses yet; generated below DATA_DIR once where not configured. */
export function resolveSecrets(_config: Config): KeptSecrets {
  throw new Error("not yet");
}
