// A gateway on parts in memory, and a producer and an admin who talk to it over the wire.
import { randomUUID } from "node:crypto";
import { pino } from "pino";
import { Pool } from "undici";
import { type Bus, BusError } from "#platform/bus/bus.ts";
import type { Connections } from "#platform/connections.ts";
import type { Database } from "#platform/database.ts";
import { createHealth } from "#platform/health.ts";
import { createLifecycle } from "#platform/lifecycle.ts";
import { createMetrics, type Metrics } from "#platform/metrics.ts";
import type { Vault } from "#platform/vault/vault.ts";
import { newSecret, parseSecret, signedHeaders } from "#platform/webhooks.ts";
import { startGateway } from "../../services/gateway/app.ts";
import { type MemoryEventStore, memoryEventStore } from "./memory-event-store.ts";
import { memoryVault } from "./memory-vault.ts";

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  // biome-ignore lint/suspicious/noExplicitAny: a test asserts what is in it.
  readonly body: any;
  readonly text: string;
}

export interface CallOptions {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

export interface SubmitOptions {
  readonly path?: string;
  readonly key?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly now?: number;
}

export interface TestGateway {
  readonly url: string;
  readonly secret: string;
  readonly eventStore: MemoryEventStore;
  readonly vault: Vault;
  readonly metrics: Metrics;
  /** Everything that was logged. */
  readonly logged: () => string;
  call(path: string, options?: CallOptions): Promise<Answer>;
  /** Signed by the source `demo`. */
  submit(body: unknown, options?: SubmitOptions): Promise<Answer>;
  /** With the admin's token. */
  admin(method: string, path: string, body?: unknown): Promise<Answer>;
  stop(): Promise<void>;
}

export const ADMIN_TOKEN = "test-admin-token";

export function connectionsFor(secret: string): Connections {
  return {
    http: { host: "127.0.0.1", port: 0 },
    dataDir: "/nowhere",
    natsUrl: "",
    eventstoreUrl: "",
    databaseUrl: "",
    roles: ["gateway"],
    adminToken: ADMIN_TOKEN,
    sources: [{ id: "demo", secret }],
    identifyMaxRetries: 3,
    routingMaxRetries: 3,
    allowPrivatePartners: false,
    logLevel: "silent",
    masterKey: Buffer.alloc(32, 7),
    instance: "test",
    simulatorPort: 0,
    leadPartitions: 16,
    drainMs: 5_000,
  };
}

export async function startTestGateway(
  config: Partial<Connections> = {},
  bus: Partial<Bus> = {},
): Promise<TestGateway> {
  const secret = newSecret();
  const lines: string[] = [];
  // Without the redaction that a real log has: nothing private may get even so far.
  const log = pino({ level: "trace" }, { write: (line) => lines.push(line) });
  const lifecycle = createLifecycle({ log, deadlineMs: 5_000 });
  const eventStore = memoryEventStore();
  const vault = memoryVault();
  const metrics = createMetrics();
  const { url = "" } = await startGateway({
    config: { ...connectionsFor(secret), ...config },
    log,
    metrics,
    health: createHealth(),
    lifecycle,
    eventStore: () => eventStore,
    bus: async () => ({ ...idleBus, ...bus }) as Bus,
    database: () => emptyDatabase,
    vault: async () => vault,
  });
  const pool = new Pool(url, { connections: 64 });

  async function call(
    path: string,
    { method = "GET", headers = {}, body }: CallOptions = {},
  ): Promise<Answer> {
    const answer = await pool.request({
      path,
      method: method as "GET",
      headers,
      body: body ?? null,
    });
    const text = await answer.body.text();
    const isJson = /^application\/(problem\+)?json/.test(String(answer.headers["content-type"]));
    return {
      status: answer.statusCode,
      headers: answer.headers,
      text,
      body: isJson ? JSON.parse(text) : undefined,
    };
  }

  return {
    url,
    secret,
    eventStore,
    vault,
    metrics,
    logged: () => lines.join("\n"),
    call,
    submit(body, { path = "/api/submit", key = randomUUID(), headers = {}, now = Date.now() } = {}) {
      const bytes = typeof body === "string" || Buffer.isBuffer(body) ? body : JSON.stringify(body);
      const signed = signedHeaders(parseSecret(secret), key, bytes, now);
      return call(path, {
        method: "POST",
        headers: { "content-type": "application/json", "x-source": "demo", ...signed, ...headers },
        body: bytes,
      });
    },
    admin(method, path, body) {
      const headers = {
        authorization: `Bearer ${ADMIN_TOKEN}`,
        ...(body !== undefined && { "content-type": "application/json" }),
      };
      return call(path, { method, headers, ...(body !== undefined && { body: JSON.stringify(body) }) });
    },
    async stop() {
      await pool.close();
      await lifecycle.stop("the test is over");
    },
  };
}

const idleBus = {
  serve: async () => ({ close: async () => undefined }),
  mailbox: async () => ({ name: "", unanswered: 0, pause() {}, resume() {}, close: async () => undefined }),
  connected: true,
  consumerState: async () => undefined,
  request: async () => {
    throw new BusError("no_responders", "nobody is there");
  },
};

/** No read model has anything in it. */
const emptyDatabase = {
  query: async () => [],
  execute: async () => 0,
  migrate: async () => undefined,
  listen: async () => ({ close: async () => undefined }),
  close: async () => undefined,
  transaction: async (work: (transaction: unknown) => unknown) => work(emptyDatabase),
} as unknown as Database;
