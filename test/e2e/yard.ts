// The whole system on real parts, as one application process or with each role as its own.
import { rm } from "node:fs/promises";
import { newSecret } from "#platform/webhooks.ts";
import { type EventStoreServer, startEventStore, temporaryFolder } from "../eventstore/server.ts";
import { type NatsServer, startNats } from "../harness/nats.ts";
import { type PostgresServer, startPostgres } from "../harness/postgres.ts";
import { freePort, type NodeProcess, startNode } from "../harness/process.ts";
import { createClient, type YardClient } from "./client.ts";

export const ROLES = [
  "simulator",
  "projections",
  "identity",
  "relay",
  "compiler",
  "leads",
  "partners",
  "campaigns",
  "timers",
  "gateway",
] as const;
export type Role = (typeof ROLES)[number];

export type Layout = "together" | "apart";

export interface RunningYard {
  readonly client: YardClient;
  readonly simulatorUrl: string;
  /** What the source `demo` signs with. */
  readonly secret: string;
  /** What the application writes. */
  readonly dataDir: string;
  readonly nats: NatsServer;
  readonly postgres: PostgresServer;
  readonly eventStore: () => EventStoreServer;
  /** By role; in the layout "together" all of them are the same process. */
  readonly process: (role: Role) => NodeProcess;
  /** SIGKILL, and a new one in its place as an orchestrator would do. */
  replace(part: Role | "eventstore" | "nats"): Promise<void>;
  stopApplication(): Promise<void>;
  startApplication(): Promise<void>;
  /** Stops NATS, deletes everything that it kept, starts it empty. */
  wipeJetStream(): Promise<void>;
  stop(): Promise<void>;
}

const main = (path: string): string => new URL(`../../services/${path}`, import.meta.url).pathname;

export async function startYard(layout: Layout): Promise<RunningYard> {
  const [nats, postgres, gatewayPort, simulatorPort] = await Promise.all([
    startNats(),
    startPostgres(),
    freePort(),
    freePort(),
  ]);
  const eventStoreDir = temporaryFolder();
  let eventStore = await startEventStore({ dir: eventStoreDir });
  const secret = newSecret();
  const token = "token-of-the-tests";
  const simulatorUrl = `http://127.0.0.1:${simulatorPort}`;
  const dataDir = temporaryFolder("yard-");
  const env: Record<string, string> = {
    DATA_DIR: dataDir,
    NATS_URL: nats.url,
    EVENTSTORE_URL: `esdb://127.0.0.1:${eventStore.port}?tls=false`,
    DATABASE_URL: postgres.url,
    ADMIN_TOKEN: token,
    MASTER_KEY: Buffer.alloc(32, 7).toString("base64"),
    SOURCES: `demo:${secret}`,
    ALLOW_PRIVATE_PARTNERS: "true",
    SIMULATOR_PORT: `${simulatorPort}`,
    LOG_LEVEL: process.env.YARD_LOG ?? "info",
  };

  const processes = new Map<Role, NodeProcess>();
  const startRole = async (role: Role): Promise<void> => {
    const port = role === "gateway" ? gatewayPort : 0;
    const started = await startNode(main(`${role}/main.ts`), { ...env, PORT: `${port}`, INSTANCE: role });
    processes.set(role, started);
  };
  const startTogether = async (): Promise<void> => {
    const started = await startNode(main("main.ts"), { ...env, PORT: `${gatewayPort}` });
    for (const role of ROLES) processes.set(role, started);
  };
  const startApplication = async (): Promise<void> => {
    if (layout === "together") await startTogether();
    else await Promise.all(ROLES.map(startRole));
  };
  const stopApplication = async (): Promise<void> => {
    await Promise.all([...new Set(processes.values())].map((one) => one.stop()));
  };

  const replace = async (part: Role | "eventstore" | "nats"): Promise<void> => {
    if (part === "nats") {
      await nats.kill();
      await nats.restart();
    } else if (part === "eventstore") {
      await eventStore.kill();
      eventStore = await startEventStore({ dir: eventStoreDir, port: eventStore.port });
    } else {
      await processes.get(part)?.kill();
      await (layout === "together" ? startTogether() : startRole(part));
    }
  };

  await startApplication();
  return {
    client: createClient({ url: `http://127.0.0.1:${gatewayPort}`, token, source: "demo", secret }),
    simulatorUrl,
    secret,
    dataDir,
    nats,
    postgres,
    eventStore: () => eventStore,
    process: (role) => {
      const found = processes.get(role);
      if (found === undefined) throw new Error(`${role} does not run`);
      return found;
    },
    replace,
    stopApplication,
    startApplication,
    wipeJetStream: async () => {
      await nats.kill();
      await rm(nats.dir, { recursive: true });
      await nats.restart();
    },
    stop: async () => {
      await stopApplication();
      await Promise.all([eventStore.stop(), nats.stop(), postgres.stop()]);
    },
  };
}
