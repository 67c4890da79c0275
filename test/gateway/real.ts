// A gateway on real parts: event store, NATS and PostgreSQL, each in a process of its own.
import { createHealth } from "#platform/health.ts";
import { createLifecycle, type Lifecycle } from "#platform/lifecycle.ts";
import { createLog } from "#platform/log.ts";
import { createMetrics } from "#platform/metrics.ts";
import { newSecret } from "#platform/webhooks.ts";
import { createYard, type Yard } from "#platform/yard.ts";
import { startGateway } from "../../services/gateway/app.ts";
import { type EventStoreServer, startEventStore, temporaryFolder } from "../eventstore/server.ts";
import { type NatsServer, startNats } from "../harness/nats.ts";
import { type PostgresServer, startPostgres } from "../harness/postgres.ts";
import { ADMIN_TOKEN, connectionsFor } from "./gateway.ts";

export interface Parts {
  readonly eventStore: EventStoreServer;
  readonly nats: NatsServer;
  readonly postgres: PostgresServer;
  stop(): Promise<void>;
}

export async function startParts(): Promise<Parts> {
  const [eventStore, nats, postgres] = await Promise.all([
    startEventStore({ dir: temporaryFolder() }),
    startNats(),
    startPostgres(),
  ]);
  return {
    eventStore,
    nats,
    postgres,
    async stop() {
      await Promise.all([eventStore.kill(), nats.stop(), postgres.stop()]);
    },
  };
}

export interface RealGateway {
  readonly url: string;
  readonly secret: string;
  readonly token: string;
  readonly yard: Yard;
  readonly lifecycle: Lifecycle;
  stop(): Promise<void>;
}

/** Several on the same parts are several processes to each other, in all but the process. */
export async function startRealGateway(parts: Parts, secret = newSecret()): Promise<RealGateway> {
  const log = createLog({ level: "fatal", name: "gateway", instance: "test" });
  const lifecycle = createLifecycle({ log, deadlineMs: 10_000 });
  const yard = createYard({
    config: {
      ...connectionsFor(secret),
      natsUrl: parts.nats.url,
      eventstoreUrl: parts.eventStore.connectionString,
      databaseUrl: parts.postgres.url,
    },
    log,
    metrics: createMetrics(),
    health: createHealth(),
    lifecycle,
  });
  const { url = "" } = await startGateway(yard);
  return { url, secret, token: ADMIN_TOKEN, yard, lifecycle, stop: () => lifecycle.stop("the test is over") };
}
