// What a role is given: the process's configuration and its connections, each opened when first asked for and shared.
import { type Bus, connectBus } from "./bus/bus.ts";
import type { Config } from "./config.ts";
import type { Connections } from "./connections.ts";
import { connectDatabase, type Database } from "./database.ts";
import { connectEventStore, type EventStore } from "./event-store/event-store.ts";
import type { Health } from "./health.ts";
import { keptMasterKeys } from "./kept-master-key.ts";
import type { Lifecycle } from "./lifecycle.ts";
import type { Log } from "./log.ts";
import type { Metrics } from "./metrics.ts";
import { once } from "./once.ts";
import { startStep } from "./start-step.ts";
import type { Tracing } from "./tracing.ts";
import { demandWrapping, openVault, type Vault } from "./vault/vault.ts";

/** What every process has, also one that uses no part of the yard. */
export interface ProcessParts {
  readonly config: Config;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly health: Health;
  readonly lifecycle: Lifecycle;
  /** Undefined where nobody takes spans. */
  readonly tracing?: Tracing | undefined;
}

export interface YardParts extends ProcessParts {
  readonly config: Connections;
}

export interface Yard extends YardParts {
  eventStore(): EventStore;
  bus(): Promise<Bus>;
  database(): Database;
  vault(): Promise<Vault>;
}

export interface Serving {
  /** Where it answers, for a role that has a server of its own. */
  readonly url?: string;
}

/** A role: starts its work and registers its end with the yard's lifecycle. Resolves once it serves. */
export type StartRole = (yard: Yard) => Promise<Serving>;

/** A role that uses no part of the yard. */
export type StartStandalone = (parts: ProcessParts) => Promise<Serving>;

export function createYard({ config, log, metrics, health, lifecycle, tracing }: YardParts): Yard {
  const eventStore = once(() => {
    const store = connectEventStore({ url: config.eventstoreUrl, log, lifecycle, metrics, tracing });
    let seen = 0n;
    health.add("eventstore", async () => {
      const head = await store.head();
      if (head < seen)
        throw new Error(
          `the log ends at ${head}, before ${seen} which this process has seen: it was restored from an older copy; restart this process`,
        );
      seen = head;
    });
    return store;
  });
  const database = once(() => {
    const connected = connectDatabase({ url: config.databaseUrl, log, lifecycle, metrics });
    health.add("database", async () => {
      await connected.query("select 1");
    });
    return connected;
  });
  const bus = once(async () => {
    const { natsUrl, natsCredentialsFile, natsCaFile, natsReplicas, instance } = config;
    const connected = await connectBus({
      url: natsUrl,
      ...(natsCredentialsFile !== undefined && { credentialsFile: natsCredentialsFile }),
      ...(natsCaFile !== undefined && { caFile: natsCaFile }),
      name: instance,
      log,
      lifecycle,
      ...(natsReplicas !== undefined && { topology: { replicas: natsReplicas } }),
    });
    health.add("nats", () => {
      if (!connected.connected) throw new Error("not connected");
    });
    return connected;
  });
  const vault = once(async () => {
    const { dataDir, readableMasterKeys } = config;
    const furtherMasterKeys = () => keptMasterKeys(dataDir);
    const parts = { readableMasterKeys, furtherMasterKeys, database: database(), log, lifecycle };
    const opened = await startStep(parts, "vault", async () => {
      // A key that is made beside keys wrapped under another one would be of no use, and look like the right one.
      if (config.makesMasterKey === true) await demandWrapping(parts);
      return openVault({ ...parts, masterKey: config.masterKey });
    });
    health.add("vault", opened.check);
    return opened;
  });
  return { config, log, metrics, health, lifecycle, tracing, eventStore, bus, database, vault };
}
