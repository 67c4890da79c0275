// The configuration with every address and secret that a role needs.
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { type Config, ConfigError } from "./config.ts";
import { readEndpoints } from "./endpoints.ts";
import { keptOrMade } from "./kept-file.ts";
import { keptMasterKey, keptMasterKeys, MASTER_KEY_BYTES, masterKeyFile } from "./kept-master-key.ts";
import { once } from "./once.ts";

/** Made once below DATA_DIR where they are not configured, by the first process that asks for them. */
export interface KeptSecrets {
  readonly adminToken: string;
  readonly masterKey: Buffer;
  readonly sources: Config["sources"];
}

export interface Connections extends Config, KeptSecrets {
  readonly natsUrl: string;
  readonly eventstoreUrl: string;
  readonly databaseUrl: string;
  readonly adminToken: string;
  readonly sources: Config["sources"];
  readonly masterKey: Buffer;
  /** Nobody has given one, and none is kept: reading `masterKey` makes one. */
  readonly makesMasterKey?: boolean;
}

/** The secrets alone, for a launcher that has no addresses yet. */
export function resolveSecrets(config: Config): KeptSecrets {
  const kept = (name: string, make: () => string): string =>
    keptOrMade(join(config.dataDir, "secrets", name), make);
  const adminToken = once(
    () => config.adminToken ?? kept("admin-token", () => randomBytes(24).toString("base64url")),
  );
  const masterKey = once(() => {
    const key = config.masterKey ?? keptMasterKey(config.dataDir);
    if (key.length === MASTER_KEY_BYTES) return key;
    throw new ConfigError([`${masterKeyFile(config.dataDir)} is not ${MASTER_KEY_BYTES} bytes in base64`]);
  });
  const demoSecret = (): string =>
    kept("demo-source-secret", () => `whsec_${randomBytes(32).toString("base64")}`);
  const sources = once(() =>
    config.sources.length > 0 ? config.sources : [{ id: "demo", secret: demoSecret() }],
  );
  // Getters, since a process must make no secret that it has no use for.
  return {
    get adminToken() {
      return adminToken();
    },
    get masterKey() {
      return masterKey();
    },
    get sources() {
      return sources();
    },
  };
}

/** Fills in from endpoints.json and from the secrets kept below DATA_DIR; throws ConfigError when an address is nowhere. */
export function resolveConnections(config: Config): Connections {
  const running = readEndpoints(config.dataDir);
  const missing: string[] = [];
  const known = (variable: string, configured: string | undefined, found: string | undefined): string => {
    const url = configured ?? found;
    if (url === undefined) {
      missing.push(`${variable} is not set; start everything with "npm start", or set ${variable}`);
    }
    return url ?? "";
  };
  const natsUrl = known("NATS_URL", config.natsUrl, running?.nats_url);
  const eventstoreUrl = known("EVENTSTORE_URL", config.eventstoreUrl, running?.eventstore_url);
  const databaseUrl = known("DATABASE_URL", config.databaseUrl, running?.database_url);
  if (missing.length > 0) throw new ConfigError(missing);
  const secrets = resolveSecrets(config);
  return {
    ...config,
    natsUrl,
    eventstoreUrl,
    databaseUrl,
    makesMasterKey: config.masterKey === undefined && keptMasterKeys(config.dataDir).length === 0,
    get adminToken() {
      return secrets.adminToken;
    },
    get masterKey() {
      return secrets.masterKey;
    },
    get sources() {
      return secrets.sources;
    },
  };
}
