// The gateway in a process of its own, as it runs in service.
import { readFileSync } from "node:fs";
import { temporaryFolder } from "../eventstore/server.ts";
import { type NodeProcess, startNode } from "../harness/process.ts";
import { ADMIN_TOKEN, MASTER_KEY, type Parts } from "./gateway.ts";

const MAIN = new URL("../../services/gateway/main.ts", import.meta.url).pathname;

export interface GatewayProcess extends NodeProcess {
  /** What it holds in memory now. */
  residentMb(): number;
}

export async function startGatewayProcess(
  parts: Parts,
  limits: { readonly openFiles?: number } = {},
): Promise<GatewayProcess> {
  const env = {
    PORT: "0",
    DATA_DIR: temporaryFolder("gateway-"),
    NATS_URL: parts.nats.url,
    EVENTSTORE_URL: parts.eventStore.connectionString,
    DATABASE_URL: parts.postgres.url,
    ADMIN_TOKEN,
    MASTER_KEY: MASTER_KEY.toString("base64"),
    SOURCES: `demo:${parts.secret}`,
    LOG_LEVEL: "debug",
  };
  const process = await startNode(MAIN, env, [], limits);
  return {
    ...process,
    residentMb: () =>
      Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${process.pid}/status`, "utf8"))?.[1]) / 1024,
  };
}
