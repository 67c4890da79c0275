// The embedded event store, in a process of its own.
import { join } from "node:path";
import type { Environment } from "#platform/config.ts";
import { nodeEnvironment } from "../environment.ts";
import { freePort } from "../ports.ts";
import type { Part } from "./part.ts";

const USUAL_PORT = 2113;
const MAIN = join(import.meta.dirname, "../../../services/eventstore/main.ts");

export async function prepareEventStore(dataDir: string, env: Environment): Promise<Part> {
  const port = await freePort(USUAL_PORT);
  const data = join(dataDir, "eventstore");
  return {
    url: `esdb://127.0.0.1:${port}?tls=false`,
    command: {
      name: "event store",
      command: process.execPath,
      args: [MAIN, "--port", `${port}`, "--data", data, "--log-level", "warn", "--die-with-parent"],
      env: nodeEnvironment(env),
      ready: /eventstore ready on/,
      readyWithinMs: 60_000,
      stopSignal: "SIGTERM",
      stopWithinMs: 2_500,
    },
  };
}
