// Relay, leads and identity on real parts, with a gateway and partners that only write what the real ones would.
import { pino } from "pino";
import { PartnerId, RoutingServiceId, RuleId, SourceId, SubmissionId } from "#domain/ids.ts";
import {
  PARTNER_CONFIG_STREAM,
  PartnerConfig,
  type PartnerConfigEvent,
  partnerConfigEvents,
} from "#domain/partner/config.ts";
import { type PartnerEvent, partnerEvents, partnerStream } from "#domain/partner/events.ts";
import {
  ROUTING_SERVICE_STREAM,
  RoutingService,
  routingServiceEvents,
} from "#domain/routing-service/service.ts";
import {
  compiledEvents,
  RULESET_COMPILED_STREAM,
  RULESET_STREAM,
  rulesetEvents,
} from "#domain/rules/events.ts";
import type { RouteTarget, Rule } from "#domain/rules/rule.ts";
import { partnerConfigContext, SECRETS_KEY, submissionContext } from "#domain/seal-contexts.ts";
import type { Outcome } from "#domain/submission/decide.ts";
import { Route, submissionEvents, submissionStream } from "#domain/submission/events.ts";
import type { Normalised, Submission } from "#domain/submission/submission.ts";
import type { Connections } from "#platform/connections.ts";
import { createCodec } from "#platform/event-store/codec.ts";
import type { StoredEvent } from "#platform/event-store/stored-event.ts";
import { createHealth } from "#platform/health.ts";
import { deterministicUuid, newUuid } from "#platform/ids.ts";
import { createLifecycle } from "#platform/lifecycle.ts";
import { createMetrics } from "#platform/metrics.ts";
import type { Vault } from "#platform/vault/vault.ts";
import { createYard, type StartRole, type Yard } from "#platform/yard.ts";
import { startEventStore, temporaryFolder } from "../eventstore/server.ts";
import { evidenceOf } from "../harness/evidence.ts";
import { startNats } from "../harness/nats.ts";
import { type PostgresOptions, type PostgresServer, startPostgres } from "../harness/postgres.ts";
import { allOrNone, type Own } from "../harness/started.ts";
import { until } from "../harness/wait.ts";

const codec = createCodec({
  ...submissionEvents,
  ...partnerEvents,
  ...partnerConfigEvents,
  ...rulesetEvents,
  ...compiledEvents,
  ...routingServiceEvents,
});

export interface TestYard {
  readonly parts: {
    readonly nats: Awaited<ReturnType<typeof startNats>>;
    readonly store: Awaited<ReturnType<typeof startEventStore>>;
    readonly postgres: PostgresServer;
  };
  readonly config: Connections;
  /** The test's own connections. */
  readonly own: Yard;
  /** A process of its own in all but name; ends when told, or with the yard. */
  start(instance: string, ...roles: StartRole[]): Promise<{ stop(): Promise<void>; yard: Yard }>;
  /** What the gateway does: seals and stores. */
  receive(normalised: Normalised, options?: { key?: string; payload?: object }): Promise<SubmissionId>;
  partner(id: string, enabled?: boolean): Promise<void>;
  rule(route: RouteTarget): Promise<void>;
  /** The whole set; its version. */
  rules(...rules: Rule[]): Promise<number>;
  service(id: string, settings: { readonly url: string } & Record<string, unknown>): Promise<void>;
  history(id: SubmissionId): Promise<StoredEvent[]>;
  /** Waits until the submission's newest event is of this type; its whole history. */
  reaches(id: SubmissionId, type: string, deadlineMs?: number): Promise<StoredEvent[]>;
  /** What a partner's actor writes when the partner has answered. */
  says(partner: string, ...events: PartnerEvent[]): Promise<void>;
  stop(): Promise<void>;
}

/** The data of the newest event of this type. */
export function dataIn(history: readonly StoredEvent[], type: string): Record<string, unknown> {
  const event = history.findLast((one) => one.type === type);
  if (event === undefined) throw new Error(`there is no ${type} in ${history.map((one) => one.type)}`);
  return event.data as Record<string, unknown>;
}

export const routeIn = (history: readonly StoredEvent[]): Route =>
  Route.parse(dataIn(history, "SubmissionRouted").route);

const timings = { total_ms: 5, partner_ms: 4, overhead_ms: 1 };

export const startTestYard = (
  config: Partial<Connections> = {},
  database: PostgresOptions = {},
): Promise<TestYard> => allOrNone("a yard of lead actors", (own) => startAll(config, database, own));

async function startAll(
  config: Partial<Connections>,
  database: PostgresOptions,
  own: Own,
): Promise<TestYard> {
  const [nats, postgres] = await Promise.all([own(startNats), own(() => startPostgres(database))]);
  const store = await own(() => startEventStore({ dir: temporaryFolder() }));
  const connections: Connections = {
    http: { host: "127.0.0.1", port: 0 },
    dataDir: temporaryFolder("leads-"),
    natsUrl: nats.url,
    eventstoreUrl: store.connectionString,
    databaseUrl: postgres.url,
    roles: [],
    adminToken: "",
    sources: [],
    identifyMaxRetries: 3,
    routingMaxRetries: 3,
    allowPrivatePartners: true,
    logLevel: "silent",
    masterKey: Buffer.alloc(32, 7),
    readableMasterKeys: [],
    instance: "test",
    simulatorPort: 0,
    publishFacts: false,
    intakeMaxWaitMs: 2_000,
    leadPartitions: 4,
    drainMs: 5_000,
    ...config,
  };
  const running = new Set<() => Promise<void>>();

  async function start(instance: string, ...roles: StartRole[]) {
    const { TEST_LOG: level } = process.env;
    const log = level
      ? pino({ level, name: instance })
      : pino({ level: "info", name: instance }, { write: evidenceOf(instance) });
    const lifecycle = createLifecycle({ log, deadlineMs: 10_000 });
    const yard = createYard({
      config: { ...connections, instance },
      log,
      metrics: createMetrics(),
      health: createHealth(),
      lifecycle,
    });
    const stop = async (): Promise<void> => {
      running.delete(stop);
      await lifecycle.stop("the test says so");
    };
    running.add(stop);
    await Promise.all(roles.map((role) => role(yard)));
    return { yard, stop };
  }

  const { yard } = await own(() => start("test"));
  const eventStore = yard.eventStore();
  const vault = await yard.vault();
  let rulesetVersion = 0;
  const meta = (id: string = newUuid()) => ({ id, at: new Date().toISOString() });
  const history = (id: SubmissionId) => eventStore.readStream(submissionStream(id));
  const demo = SourceId.parse("demo");

  async function putRules(rules: readonly Rule[]): Promise<number> {
    rulesetVersion += 1;
    const version = rulesetVersion;
    const data = { version, rules: [...rules] };
    await eventStore.append(RULESET_STREAM, "any", [codec.encode({ type: "RulesetChanged", data }, meta())]);
    // What the compiler writes.
    const compiled = { version, compiled_at: new Date().toISOString(), hash: "", findings: {}, ms: 0 };
    await eventStore.append(RULESET_COMPILED_STREAM, "any", [
      codec.encode({ type: "RulesetCompiled", data: compiled }, meta()),
    ]);
    return version;
  }

  return {
    parts: { nats, store, postgres },
    config: connections,
    own: yard,
    start,
    history,
    async receive(normalised, { key = newUuid(), payload = {} } = {}) {
      const id = SubmissionId.parse(deterministicUuid("submission", "demo", key));
      const received_at = new Date().toISOString();
      const submission: Submission = {
        kind: "lead",
        source: demo,
        received_at,
        idempotency_key: key,
        payload: { ...payload },
        normalised,
      };
      const data = {
        submission_id: id,
        kind: "lead",
        source: demo,
        received_at,
        fingerprint: "",
        key_fingerprint: "",
        sealed: await vault.seal(`intake-${received_at.slice(0, 10)}`, submission, submissionContext(id)),
      } as const;
      const event = codec.encode({ type: "SubmissionReceived", data }, meta());
      await eventStore.append(submissionStream(id), "no_stream", [event]);
      return id;
    },
    async partner(id, enabled = true) {
      const partner = PartnerId.parse(id);
      const config = PartnerConfig.parse({
        name: id,
        enabled,
        delivery: { type: "http", url: "http://localhost/" },
      });
      const data = await sealedConfig(vault, partner, config);
      const event = codec.encode({ type: "PartnerConfigured", data }, meta());
      await eventStore.append(PARTNER_CONFIG_STREAM, "any", [event]);
    },
    async rule(route) {
      await putRules([
        {
          id: RuleId.parse("only"),
          name: "Only",
          priority: 1,
          enabled: true,
          when: { combinator: "and", rules: [] },
          route,
        },
      ]);
    },
    rules: (...rules) => putRules(rules),
    async service(id, settings) {
      const data = { service: RoutingServiceId.parse(id), settings: RoutingService.parse(settings) };
      await eventStore.append(ROUTING_SERVICE_STREAM, "any", [
        codec.encode({ type: "RoutingServiceConfigured", data }, meta()),
      ]);
    },
    reaches: (id, type, deadlineMs) =>
      until(
        `${id} reaches ${type}`,
        async () => {
          const events = await history(id);
          if (events.at(-1)?.type === type) return events;
          throw new Error(`its history is ${events.map((event) => event.type).join(", ") || "empty"}`);
        },
        deadlineMs,
      ),
    async says(partner, ...events) {
      const encoded = events.map((event) => codec.encode(event, meta()));
      await eventStore.append(partnerStream(PartnerId.parse(partner)), "any", encoded);
    },
    async stop() {
      await Promise.all([...running].map((one) => one()));
      await store.stop();
      await Promise.all([nats.stop(), postgres.stop()]);
    },
  };
}

/** The data of a PartnerConfigured, as the gateway stores it. */
export async function sealedConfig(
  vault: Vault,
  partner: PartnerId,
  { delivery, ...config }: PartnerConfig,
): Promise<Extract<PartnerConfigEvent, { type: "PartnerConfigured" }>["data"]> {
  const sealed = await vault.seal(SECRETS_KEY, delivery, partnerConfigContext(partner));
  return { partner, config, delivery: { sealed } };
}

export function rejected(id: SubmissionId, { partner, delivery_id }: Route): Outcome {
  return {
    type: "DeliveryRejected",
    data: { partner, delivery_id, submission_id: id, attempt: 1, timings, reason: "no" },
  };
}
