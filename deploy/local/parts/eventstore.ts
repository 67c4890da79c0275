// The embedded event store, in a process of its own: over TLS, for one user. See docs/decisions/0035.
import { join } from "node:path";
import type { Environment } from "#platform/config.ts";
import { writeKept } from "#platform/kept-file.ts";
import { nodeEnvironment } from "../environment.ts";
import { ownPort } from "../ports.ts";
import { keptCertificate } from "./certificate.ts";
import type { Part } from "./part.ts";
import { keptPassword } from "./password.ts";

const USUAL_PORT = 2113;
const USER = "switchyard";
const MAIN = join(import.meta.dirname, "../../../services/eventstore/main.ts");

export async function prepareEventStore(dataDir: string, env: Environment): Promise<Part> {
  const port = await ownPort(USUAL_PORT);
  const password = keptPassword(dataDir, "eventstore-password");
  const { cert, key } = await keptCertificate(dataDir);
  const users = join(dataDir, "secrets", "eventstore-users");
  writeKept(users, `${USER}:${password}\n`);
  const data = ["--data", join(dataDir, "eventstore")];
  const access = ["--tls-cert", cert, "--tls-key", key, "--users-file", users];
  return {
    port,
    url: `esdb://${USER}:${password}@127.0.0.1:${port}?tls=true&tlsCAFile=${encodeURIComponent(cert)}`,
    command: {
      name: "event store",
      command: process.execPath,
      args: [MAIN, "--port", `${port}`, ...data, ...access, "--log-level", "warn", "--die-with-parent"],
      env: nodeEnvironment(env),
      ready: /eventstore ready on/,
      readyWithinMs: 60_000,
      stopSignal: "SIGTERM",
      stopWithinMs: 2_500,
    },
  };
}
