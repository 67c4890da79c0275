// Real processes beside a test yard, each of which could do all of it: unless told, leads and identity, shared out among them by lease.
import { leaseRecords } from "#platform/leases/lease-record.ts";
import type { LogLevel } from "#platform/log.ts";
import { type NodeProcess, startNode } from "../harness/process.ts";
import { until } from "../harness/wait.ts";
import type { TestYard } from "./yard.ts";

export interface Worker extends NodeProcess {
  readonly name: string;
}

export interface Workers {
  start(name: string): Promise<Worker>;
  /** The names of those who hold the partitions now, in the order of the partitions. */
  partitionOwners(): Promise<(string | undefined)[]>;
  identityOwner(): Promise<string | undefined>;
  /** Waits until each of them, and nobody else, has its share of the partitions. */
  share(...among: readonly Worker[]): Promise<void>;
  all(): readonly Worker[];
  killAll(): Promise<void>;
}

const MAIN = new URL("../../services/main.ts", import.meta.url).pathname;

export function workersOf(
  { config, own }: TestYard,
  logLevel: LogLevel = "debug",
  roles = "leads,identity",
  nodeOptions = "",
): Workers {
  const started: Worker[] = [];

  async function ownerOf(group: string, name: string): Promise<string | undefined> {
    const record = await leaseRecords(await own.bus(), group).read(name);
    return record?.owner?.instance;
  }
  const partitionOwners = () =>
    Promise.all(Array.from({ length: config.leadPartitions }, (_, n) => ownerOf("leads", `${n}`)));

  return {
    partitionOwners,
    identityOwner: () => ownerOf("identity", "writer"),
    async start(name) {
      const node = await startNode(MAIN, {
        ROLES: roles,
        ...(nodeOptions !== "" && { NODE_OPTIONS: nodeOptions }),
        INSTANCE: name,
        PORT: "0",
        NATS_URL: config.natsUrl,
        EVENTSTORE_URL: config.eventstoreUrl,
        DATABASE_URL: config.databaseUrl,
        MASTER_KEY: config.masterKey.toString("base64"),
        ADMIN_TOKEN: "token-of-the-tests",
        ALLOW_PRIVATE_PARTNERS: "true",
        LEAD_PARTITIONS: `${config.leadPartitions}`,
        DATA_DIR: config.dataDir,
        LOG_LEVEL: logLevel,
      });
      const worker = { ...node, name };
      started.push(worker);
      return worker;
    },
    share: async (...among) => {
      const max = Math.ceil(config.leadPartitions / among.length);
      await until(`${among.map(({ name }) => name)} share the partitions`, async () => {
        const owners = await partitionOwners();
        const counts = among.map(({ name }) => owners.filter((owner) => owner === name).length);
        return counts.every((count) => count <= max) && counts.reduce((a, b) => a + b) === owners.length;
      });
    },
    all: () => started,
    async killAll() {
      await Promise.all(started.map((one) => one.kill()));
    },
  };
}
