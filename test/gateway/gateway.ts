// A gateway on real parts, each in a process of its own, with a producer and an admin that call it over HTTP.
import { randomUUID } from "node:crypto";
import { pino } from "pino";
import { Pool } from "undici";
import type { Connections } from "#platform/connections.ts";
import type { StoredEvent } from "#platform/event-store/stored-event.ts";
import { createHealth } from "#platform/health.ts";
import { createLifecycle } from "#platform/lifecycle.ts";
import { createMetrics } from "#platform/metrics.ts";
import { newSecret, parseSecret, signedHeaders } from "#platform/webhooks.ts";
import { createYard, type StartRole, type Yard } from "#platform/yard.ts";
import { startGateway } from "../../services/gateway/app.ts";
import { type EventStoreServer, startEventStore, temporaryFolder } from "../eventstore/server.ts";
import { type NatsServer, startNats } from "../harness/nats.ts";
import { type PostgresServer, startPostgres } from "../harness/postgres.ts";
import { allOrNone } from "../harness/started.ts";
import { type AssertDescribed, describedBy, type OpenApiDocument } from "./described.ts";

export const ADMIN_TOKEN = "test-admin-token";
/** Warming up is a quarter of a start, and no test of the gateway is about its first moments. */
const COLD = { isWarmedUp: false };
export const MASTER_KEY = Buffer.alloc(32, 7);

export interface Parts {
  readonly eventStore: EventStoreServer;
  readonly nats: NatsServer;
  readonly postgres: PostgresServer;
  /** Of the source `demo`, which the first gateway registers and all later ones find. */
  readonly secret: string;
  /** From now on the event store does nothing at all; its connections stay. */
  freeze(): void;
  thaw(): void;
  stop(): Promise<void>;
}

export async function startParts(): Promise<Parts> {
  const [eventStore, nats, postgres] = await allOrNone("the parts of a gateway", (own) =>
    Promise.all([own(() => startEventStore({ dir: temporaryFolder() })), own(startNats), own(startPostgres)]),
  );
  return {
    eventStore,
    nats,
    postgres,
    secret: newSecret(),
    freeze: () => void process.kill(eventStore.pid, "SIGSTOP"),
    thaw: () => void process.kill(eventStore.pid, "SIGCONT"),
    async stop() {
      await Promise.all([eventStore.kill(), nats.stop(), postgres.stop()]);
    },
  };
}

export interface HttpResponse {
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

/** With the connections of its process, through which a test sees what it has stored. */
export interface TestGateway extends Yard {
  readonly url: string;
  readonly secret: string;
  /** As it is served; every response that a test sees is held against it. */
  readonly openApi: OpenApiDocument;
  readonly assertDescribed: AssertDescribed;
  /** Everything that was logged. */
  readonly logged: () => string;
  call(path: string, options?: CallOptions): Promise<HttpResponse>;
  /** Signed by the source `demo`. */
  submit(body: unknown, options?: SubmitOptions): Promise<HttpResponse>;
  /** With the admin's token. */
  admin(method: string, path: string, body?: unknown): Promise<HttpResponse>;
  stop(): Promise<void>;
}

/** Several on the same parts are several processes to each other, in all but the process. `beside` run in the same one. */
export async function startTestGateway(
  parts: Parts,
  config: Partial<Connections> = {},
  beside: readonly StartRole[] = [],
): Promise<TestGateway> {
  const { secret } = parts;
  const lines: string[] = [];
  // Without the redaction that a real log has: nothing private may get even so far.
  const log = pino({ level: "trace" }, { write: (line) => lines.push(line) });
  const lifecycle = createLifecycle({ log, deadlineMs: 10_000 });
  const yard = createYard({
    config: { ...connectionsTo(parts), ...config },
    log,
    metrics: createMetrics(),
    health: createHealth(),
    lifecycle,
  });
  const [{ url = "" }] = await Promise.all([startGateway(yard, COLD), ...beside.map((start) => start(yard))]);
  const pool = new Pool(url, { connections: 64 });
  description ??= readDescription(pool);
  const { openApi, assertDescribed } = await description;

  async function call(path: string, options: CallOptions = {}): Promise<HttpResponse> {
    const { method = "GET", headers = {}, body = null } = options;
    const response = await pool.request({ path, method: method as "GET", headers, body });
    const { statusCode: status, headers: responseHeaders } = response;
    const text = await response.body.text();
    assertDescribed({
      method,
      path,
      requestHeaders: headers,
      requestBody: body?.toString(),
      status,
      headers: responseHeaders,
      text,
    });
    const isJson = /^application\/(problem\+)?json/.test(String(responseHeaders["content-type"]));
    return { status, headers: responseHeaders, text, body: isJson ? JSON.parse(text) : undefined };
  }

  return {
    ...yard,
    url,
    secret,
    openApi,
    assertDescribed,
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
      // The gateway first: it must respond to what is in flight by itself.
      await lifecycle.stop("the test is over");
      await pool.close();
    },
  };
}

/** The same for all gateways of a process, so its schemas are compiled once. */
let description: ReturnType<typeof readDescription> | undefined;

async function readDescription(
  pool: Pool,
): Promise<{ readonly openApi: OpenApiDocument; readonly assertDescribed: AssertDescribed }> {
  const { body } = await pool.request({ path: "/openapi.json", method: "GET" });
  const openApi = (await body.json()) as OpenApiDocument;
  return { openApi, assertDescribed: describedBy(openApi) };
}

/** Everything in the log so far whose stream begins like this. */
export async function storedIn(prefix: string, { eventStore }: TestGateway): Promise<StoredEvent[]> {
  const found: StoredEvent[] = [];
  const ending = new AbortController();
  const caughtUp = Promise.withResolvers<void>();
  const following = eventStore().follow({
    name: "test",
    prefixes: [prefix],
    from: "start",
    signal: ending.signal,
    onEvents: async (events) => void found.push(...events),
    onCaughtUp: () => caughtUp.resolve(),
  });
  await caughtUp.promise;
  ending.abort();
  await following.done;
  return found;
}

interface Addresses {
  readonly eventStore: Pick<EventStoreServer, "connectionString">;
  readonly nats: Pick<NatsServer, "url">;
  readonly postgres: Pick<PostgresServer, "url">;
  readonly secret: string;
}

export function connectionsTo({ eventStore, nats, postgres, secret }: Addresses): Connections {
  return {
    http: { host: "127.0.0.1", port: 0 },
    dataDir: temporaryFolder("gateway-"),
    natsUrl: nats.url,
    eventstoreUrl: eventStore.connectionString,
    databaseUrl: postgres.url,
    roles: ["gateway"],
    adminToken: ADMIN_TOKEN,
    sources: [{ id: "demo", secret }],
    identifyMaxRetries: 3,
    routingMaxRetries: 3,
    allowPrivatePartners: false,
    logLevel: "silent",
    masterKey: MASTER_KEY,
    readableMasterKeys: [],
    instance: "test",
    simulatorPort: 0,
    publishFacts: false,
    intakeMaxWaitMs: 2_000,
    leadPartitions: 16,
    drainMs: 5_000,
  };
}
