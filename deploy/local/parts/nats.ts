// nats-server with JetStream on loopback, below the data folder: one account for the yard, one for producers. See docs/decisions/0034.
import { existsSync, renameSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import type { Environment } from "#platform/config.ts";
import { writeKept } from "#platform/kept-file.ts";
import { pick } from "../environment.ts";
import { findNatsServer } from "../install/nats-binary.mjs";
import { ownPort } from "../ports.ts";
import { Problem } from "../problem.ts";
import type { Part } from "./part.ts";
import { keptPassword } from "./password.ts";

const USUAL_PORT = 4222;
const ACCOUNT = "YARD";
/** The account of whoever gives no other; what was stored before there were accounts belongs to it. */
const GLOBAL_ACCOUNT = "$G";
const PRODUCER_SUBJECTS = ["intake.*", "submissions.*", "replies.*"];
export const PRODUCER_INBOX = "_INBOX_producer";

/** What Go programs are tuned with. */
const VARIABLES = ["TZ", "GOMAXPROCS", "GOMEMLIMIT", "GOGC"];

/**
 * Go collects when the heap has doubled, and lets it grow without bounds until then. Near this limit it collects sooner; a message's id is
 * remembered for two minutes, and what the server must have at a thousand submissions a second is below half of it.
 */
const SOFT_LIMIT = { GOMEMLIMIT: "192MiB" };
/** Half of the cores: threads of Go's that look for work and find none cost a seventh of the server's time. See docs/decisions/0177. */
const CORES = { GOMAXPROCS: `${Math.max(1, Math.floor(availableParallelism() / 2))}` };

export interface NatsPart extends Part {
  /** For producers, who may only hand in. */
  readonly producerUrl: string;
}

export async function prepareNats(dataDir: string, env: Environment): Promise<NatsPart> {
  const binary = findNatsServer(env);
  if (binary === undefined)
    throw new Problem(
      env.NATS_SERVER
        ? `NATS_SERVER=${env.NATS_SERVER} is no program that can be run.`
        : "nats-server is not on this machine. Install it (apt-get install nats-server) or set NATS_URL to one that runs.",
    );
  const port = await ownPort(USUAL_PORT);
  const password = keptPassword(dataDir, "nats-password");
  const producerPassword = keptPassword(dataDir, "nats-producer-password");
  const folder = join(dataDir, "nats");
  keepEarlierStreams(folder);
  const config = join(dataDir, "secrets", "nats-server.conf");
  writeKept(config, configuration({ folder, password, producerPassword }));
  return {
    port,
    url: `nats://switchyard:${password}@127.0.0.1:${port}`,
    producerUrl: `nats://producer:${producerPassword}@127.0.0.1:${port}`,
    command: {
      name: "NATS",
      command: binary,
      args: ["--config", config, "--addr", "127.0.0.1", "--port", `${port}`],
      env: { ...SOFT_LIMIT, ...CORES, ...pick(env, VARIABLES) },
      ready: /Server is ready/,
      readyWithinMs: 30_000,
      stopSignal: "SIGTERM",
      stopWithinMs: 2_500,
    },
  };
}

interface Settings {
  readonly folder: string;
  readonly password: string;
  readonly producerPassword: string;
}

/** JSON's texts and lists are such in the server's language too. */
function configuration({ folder, password, producerPassword }: Settings): string {
  const json = JSON.stringify;
  const exports = PRODUCER_SUBJECTS.map((subject) => `{ service: ${json(subject)}, accounts: [PRODUCERS] }`);
  const imports = PRODUCER_SUBJECTS.map(
    (subject) => `{ service: { account: ${ACCOUNT}, subject: ${json(subject)} } }`,
  );
  return `jetstream { store_dir: ${json(folder)} }
# A client that was lost without a word is asked for a few seconds, not minutes, what is meant for who took its place.
ping_interval: "5s"
ping_max: 2
accounts {
  ${ACCOUNT} {
    jetstream: enabled
    users: [ { user: switchyard, password: ${json(password)} } ]
    exports: [ ${exports.join(", ")} ]
  }
  # Apart, since what a producer names as the place for an answer must not be a subject of the yard.
  PRODUCERS {
    users: [ {
      user: producer, password: ${json(producerPassword)}
      permissions: { publish: ${json(PRODUCER_SUBJECTS)}, subscribe: ${json([`${PRODUCER_INBOX}.>`])} }
    } ]
    imports: [ ${imports.join(", ")} ]
  }
}
`;
}

/** What was published and not taken in yet has no other copy. */
function keepEarlierStreams(folder: string): void {
  const [before, now] = [GLOBAL_ACCOUNT, ACCOUNT].map((account) => join(folder, "jetstream", account)) as [
    string,
    string,
  ];
  if (existsSync(before) && !existsSync(now)) renameSync(before, now);
}
