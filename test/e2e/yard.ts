// The whole system on real parts, as one application process or with each role as its own.
import { rm } from "node:fs/promises";
import { setTimeout as pause } from "node:timers/promises";
import { freePort } from "#platform/free-port.ts";
import { retryUntil } from "#platform/retry.ts";
import { newSecret } from "#platform/webhooks.ts";
import { type EventStoreServer, startEventStore, temporaryFolder } from "../eventstore/server.ts";
import { type NatsServer, startNats } from "../harness/nats.ts";
import { type PostgresServer, startPostgres } from "../harness/postgres.ts";
import { type NodeProcess, startNode } from "../harness/process.ts";
import { allOrNone, type Own } from "../harness/started.ts";
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
/** A process of the layout "apart": its role, and a number behind it where there are several of that role. */
export type ProcessName = Role | `${Role}-${number}`;
type Replaceable = ProcessName | "eventstore" | "nats";

export interface Supervisor {
  /** It was ready, and has ended without having been told to. */
  onEnded(name: ProcessName, code: number | null): void;
  /** It was not ready this time. */
  onFailedStart(name: Replaceable, error: Error): void;
}

export interface YardOptions {
  /** How many processes of each role but the simulator, in the layout "apart"; one unless told. */
  readonly copies?: number;
  /** Where the event store keeps its data; a temporary folder unless told. */
  readonly eventStoreDir?: string;
  /** Given one, whatever ends without having been told to, also before it is ready, is started again. */
  readonly supervisor?: Supervisor;
  /** What a process is given beside the rest, or instead of it: its way to another part, or its clock. */
  environmentOf?(name: ProcessName, env: Readonly<Record<string, string>>): Promise<Record<string, string>>;
}

export interface RunningYard {
  readonly client: YardClient;
  /** One for each gateway; `client` is the first. */
  readonly clients: readonly YardClient[];
  readonly simulatorUrl: string;
  /** What the source `demo` signs with. */
  readonly secret: string;
  /** What the application writes. */
  readonly dataDir: string;
  readonly nats: NatsServer;
  readonly postgres: PostgresServer;
  readonly eventStore: () => EventStoreServer;
  /** By role; in the layout "together" all of them are the same process. */
  readonly process: (name: ProcessName) => NodeProcess;
  readonly names: readonly ProcessName[];
  /** SIGKILL, and after `downMs` a new one in its place as an orchestrator would do. */
  replace(part: Replaceable, downMs?: number): Promise<void>;
  /** SIGTERM, as an orchestrator does it; with what code it ended, told once a new one serves in its place. */
  restart(part: Replaceable, downMs?: number): Promise<number | null>;
  stopApplication(): Promise<void>;
  startApplication(): Promise<void>;
  /** Stops NATS, deletes everything that it kept, starts it empty. */
  wipeJetStream(): Promise<void>;
  stop(): Promise<void>;
}

const STARTED_AT_ONCE = 6;
/** A supervisor has more patience than that; a test must end. */
const SUPERVISED_MS = 200_000;
const BACKOFF = { baseMs: 200, maxMs: 2_000 };

/** All at once would take so long that some are given up. */
function inTurns<T>(all: readonly T[], start: (one: T) => Promise<void>): Promise<void>[] {
  const queue = [...all];
  return Array.from({ length: STARTED_AT_ONCE }, async () => {
    for (let one = queue.shift(); one !== undefined; one = queue.shift()) await start(one);
  });
}

const main = (path: string): string => new URL(`../../services/${path}`, import.meta.url).pathname;

const namesOf = (role: Role, copies: number): ProcessName[] =>
  role === "simulator"
    ? [role]
    : [role, ...Array.from({ length: copies - 1 }, (_, n) => `${role}-${n + 2}` as const)];

export const startYard = (layout: Layout, options: YardOptions = {}): Promise<RunningYard> =>
  allOrNone("a yard", (own) => startAll(layout, options, own));

async function startAll(layout: Layout, options: YardOptions, own: Own): Promise<RunningYard> {
  const { copies = 1, eventStoreDir = temporaryFolder(), environmentOf = async () => ({}) } = options;
  const { supervisor } = options;
  const gateways = namesOf("gateway", layout === "apart" ? copies : 1);
  const [nats, postgres, simulatorPort, ...gatewayPorts] = await Promise.all([
    own(startNats),
    own(startPostgres),
    freePort(),
    ...gateways.map(() => freePort()),
  ]);
  let eventStore = await own(() => startEventStore({ dir: eventStoreDir }));
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

  const names = ROLES.flatMap((role) => namesOf(role, copies));
  const processes = new Map<ProcessName, NodeProcess>();
  /** Of those that were told to end. */
  const toldToEnd = new WeakSet<NodeProcess>();

  async function supervised<T>(name: Replaceable, start: () => Promise<T>): Promise<T> {
    if (supervisor === undefined) return start();
    const onFailure = (error: unknown): void => supervisor.onFailedStart(name, error as Error);
    const signal = AbortSignal.timeout(SUPERVISED_MS);
    const started = await retryUntil(async () => ({ it: await start() }), {
      backoff: BACKOFF,
      signal,
      onFailure,
    });
    if (started === undefined) throw new Error(`${name} was not ready within ${SUPERVISED_MS} ms`);
    return started.it;
  }

  const startApart = async (name: ProcessName): Promise<void> => {
    const [role = name] = name.split("-");
    const given = { ...env, ...(await environmentOf(name, env)) };
    const PORT = `${gatewayPorts[gateways.indexOf(name)] ?? 0}`;
    const started = await own(() =>
      supervised(name, () => startNode(main(`${role}/main.ts`), { ...given, PORT, INSTANCE: name })),
    );
    processes.set(name, started);
    if (supervisor === undefined) return;
    void started.exited.then(async (code) => {
      if (toldToEnd.has(started)) return;
      supervisor.onEnded(name, code);
      await startApart(name).catch(() => undefined);
    });
  };
  const startTogether = async (): Promise<void> => {
    const given = { ...env, ...(await environmentOf("gateway", env)) };
    const started = await own(() => startNode(main("main.ts"), { ...given, PORT: `${gatewayPorts[0]}` }));
    for (const role of ROLES) processes.set(role, started);
  };
  const startApplication = async (): Promise<void> => {
    if (layout === "together") await startTogether();
    else await Promise.all(names.length > ROLES.length ? inTurns(names, startApart) : names.map(startApart));
  };
  const stopApplication = async (): Promise<void> => {
    for (const one of processes.values()) toldToEnd.add(one);
    await Promise.all([...new Set(processes.values())].map((one) => one.stop()));
  };

  /** Gives the code with which it ended. */
  const endAndStart = async (
    part: Replaceable,
    by: "kill" | "stop",
    downMs: number,
  ): Promise<number | null> => {
    if (part === "nats") {
      await nats[by]();
      await pause(downMs);
      await supervised("nats", nats.restart);
      return 0;
    }
    if (part === "eventstore") {
      const { port } = eventStore;
      const { code } = await eventStore[by]();
      await pause(downMs);
      eventStore = await supervised(part, () => startEventStore({ dir: eventStoreDir, port }));
      return code;
    }
    const running = processes.get(part);
    if (running !== undefined) toldToEnd.add(running);
    const code = (await running?.[by]()) ?? null;
    await pause(downMs);
    await (layout === "together" ? startTogether() : startApart(part));
    return code;
  };

  await startApplication();
  const [client, ...others] = gatewayPorts.map((port) =>
    createClient({ url: `http://127.0.0.1:${port}`, token, source: "demo", secret }),
  );
  if (client === undefined) throw new Error("a yard has a gateway");
  return {
    client,
    clients: [client, ...others],
    names,
    simulatorUrl,
    secret,
    dataDir,
    nats,
    postgres,
    eventStore: () => eventStore,
    process: (name) => {
      const found = processes.get(name);
      if (found === undefined) throw new Error(`${name} does not run`);
      return found;
    },
    replace: async (part, downMs = 0) => void (await endAndStart(part, "kill", downMs)),
    restart: (part, downMs = 0) => endAndStart(part, "stop", downMs),
    stopApplication,
    startApplication,
    wipeJetStream: async () => {
      await nats.kill();
      await rm(nats.dir, { recursive: true });
      await supervised("nats", nats.restart);
    },
    stop: async () => {
      await stopApplication();
      await Promise.all([eventStore.stop(), nats.stop(), postgres.stop()]);
    },
  };
}
