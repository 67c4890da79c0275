// nats-server with JetStream on loopback, below the data folder.
import { join } from "node:path";
import type { Environment } from "#platform/config.ts";
import { pick } from "../environment.ts";
import { findNatsServer } from "../install/nats-binary.mjs";
import { freePort } from "../ports.ts";
import { Problem } from "../problem.ts";
import type { Part } from "./part.ts";

const USUAL_PORT = 4222;

/** What Go programs are tuned with. */
const VARIABLES = ["TZ", "GOMAXPROCS", "GOMEMLIMIT", "GOGC"];

export async function prepareNats(dataDir: string, env: Environment): Promise<Part> {
  const binary = findNatsServer(env);
  if (binary === undefined)
    throw new Problem(
      env.NATS_SERVER
        ? `NATS_SERVER=${env.NATS_SERVER} is no program that can be run.`
        : "nats-server is not on this machine. Install it (apt-get install nats-server) or set NATS_URL to one that runs.",
    );
  const port = await freePort(USUAL_PORT);
  return {
    url: `nats://127.0.0.1:${port}`,
    command: {
      name: "NATS",
      command: binary,
      args: ["--addr", "127.0.0.1", "--port", `${port}`, "--jetstream", "--store_dir", join(dataDir, "nats")],
      env: pick(env, VARIABLES),
      ready: /Server is ready/,
      readyWithinMs: 30_000,
      stopSignal: "SIGTERM",
      stopWithinMs: 2_500,
    },
  };
}
