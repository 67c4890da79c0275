// The environment, read once: everything wrong is told at once, in plain words.
import { readFileSync } from "node:fs";
import { z } from "zod";
import { isLoopbackHost } from "./config-values.ts";
import { VARIABLES, type Variable } from "./config-variables.ts";
import type { LogLevel } from "./log.ts";
import type { Role } from "./role-names.ts";

export { ROLES, type Role } from "./role-names.ts";

export interface SourceSecret {
  readonly id: string;
  readonly secret: string;
}

export interface OidcConfig {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** What each group may be here. */
  readonly roles: readonly { readonly group: string; readonly role: string }[];
}

export interface Config {
  readonly http: { readonly host: string; readonly port: number };
  readonly dataDir: string;
  readonly natsUrl?: string;
  readonly natsCredentialsFile?: string;
  readonly natsCaFile?: string;
  /** On how many servers of a cluster each stream is kept; unset: on one. */
  readonly natsReplicas?: number;
  readonly eventstoreUrl?: string;
  readonly databaseUrl?: string;
  readonly roles: readonly Role[];
  readonly adminToken?: string;
  /** Whose word counts on how a request came to them: proxies that terminate TLS. */
  readonly trustProxy?: readonly string[] | true;
  /** Through whom people sign in besides. */
  readonly oidc?: OidcConfig;
  /** Empty when SOURCES is unset: resolveConnections then gives the demo source. */
  readonly sources: readonly SourceSecret[];
  readonly identifyMaxRetries: number;
  readonly routingMaxRetries: number;
  readonly allowPrivatePartners: boolean;
  /** What sends e-mail for partners that name no server of their own. */
  readonly smtp?: { readonly url: string; readonly from?: string };
  /** Whether events that nobody has to react to are published too, for others to consume. */
  readonly publishFacts: boolean;
  /** How long a submission may wait for room before it is told to come again. */
  readonly intakeMaxWaitMs: number;
  /** How long the payload of a lead that has ended stays in the read models; undefined: for ever. */
  readonly retainLeadsDays?: number | undefined;
  readonly logLevel: LogLevel;
  readonly masterKey?: Buffer;
  /** What keys may be wrapped under besides, while one master key replaces another. */
  readonly readableMasterKeys: readonly Buffer[];
  readonly instance: string;
  readonly simulatorPort: number;
  /** Unset: loopback. */
  readonly simulatorHost?: string;
  readonly leadPartitions: number;
  readonly drainMs: number;
  /** What a scraper of /metrics has to show; unset: nothing. */
  readonly metricsToken?: string;
  /** Where the gateway's process shows its own figures alone. */
  readonly metricsPort?: number;
  /** Where errors are reported, and the share of stages whose time is. */
  readonly sentry?: { readonly dsn: string; readonly tracesSampleRate: number };
  /** Of a collector that takes spans; unset: none are made. */
  readonly otlpEndpoint?: string;
  /** Who started this process and ends it; unset where nobody does. */
  readonly launcherPid?: number;
  /** How often the launcher has started this process again, and what ended it the last time. */
  readonly restarts?: number;
  readonly lastEnd?: string;
}

/** `problems` has one plain sentence for each thing that is wrong; the message lists them all. */
export class ConfigError extends Error {
  override name = "ConfigError";
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`The configuration can't be used:\n${problems.map((one) => `  - ${one}`).join("\n")}`);
    this.problems = problems;
  }
}

/** Something like a master key, given where none belongs. */
const LIKE_A_KEY = /[A-Za-z0-9+/]{43}=/;

type Values = { [Name in keyof typeof VARIABLES]: z.output<(typeof VARIABLES)[Name]["schema"]> };

export type Environment = Readonly<Record<string, string | undefined>>;

/** Variables of their own, since both forms of a key have to be told apart while it is replaced. */
const hasOwnFile = (name: string): boolean => `${name}_FILE` in VARIABLES;
const mayBeInFile = (name: string, variable: Variable): boolean => "secret" in variable && !hasOwnFile(name);

/** With every secret that stands in a file. */
function withFiles(env: Environment, problems: string[]): Environment {
  const read: Record<string, string | undefined> = { ...env };
  for (const [name, variable] of Object.entries<Variable>(VARIABLES)) {
    const path = env[`${name}_FILE`]?.trim();
    if (!path || !mayBeInFile(name, variable)) continue;
    if (env[name]?.trim()) problems.push(`${name} and ${name}_FILE are both set; only one can hold`);
    try {
      read[name] = readFileSync(path, "utf8");
    } catch {
      problems.push(`${name}_FILE does not name a file that can be read`);
    }
  }
  return read;
}

function readVariables(given: Environment): Values {
  const problems: string[] = [];
  const values: Record<string, unknown> = {};
  const env = withFiles(given, problems);
  for (const [name, variable] of Object.entries(VARIABLES)) {
    const given = env[name]?.trim() || undefined;
    try {
      values[name] = variable.schema.parse(given);
    } catch (error) {
      const hidden = "secret" in variable || LIKE_A_KEY.test(given ?? "");
      const shown = hidden ? "is not" : `is "${given}", which is not`;
      problems.push(`${name} ${shown} ${variable.allows}${reasonIn(error)}`);
    }
  }
  for (const name of Object.keys(env)) {
    if (name.startsWith("SWITCHYARD_") && !(name in VARIABLES)) problems.push(`${name} is not known`);
  }
  for (const name of ["NATS_CREDS", "NATS_CA", "NATS_REPLICAS"]) {
    if (env[name] && !env.NATS_URL) problems.push(`${name} is set, and no NATS_URL that it is for`);
  }
  const OIDC = ["OIDC_ISSUER", "OIDC_CLIENT_ID", "OIDC_CLIENT_SECRET", "OIDC_ROLES"];
  const missing = OIDC.filter((name) => !env[name]?.trim());
  if (missing.length > 0 && missing.length < OIDC.length)
    problems.push(
      `${missing.join(", ")} must be set too: people sign in through OpenID only with all of ${OIDC.join(", ")}`,
    );
  for (const name of ["MASTER_KEY", "MASTER_KEYS_READABLE"]) {
    if (env[name] && env[`${name}_FILE`])
      problems.push(`${name} and ${name}_FILE are both set; only one can hold`);
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return values as Values;
}

/** What one of our own checks has found. */
function reasonIn(error: unknown): string {
  const [issue] = error instanceof z.ZodError ? error.issues : [];
  return issue?.code === "custom" && issue.message !== "Invalid input" ? `: ${issue.message}` : "";
}

export function readConfig(env: Environment): Config {
  const read = readVariables(env);
  const embedded = !read.NATS_URL && !read.EVENTSTORE_URL && !read.DATABASE_URL;
  const key = read.MASTER_KEY ?? read.MASTER_KEY_FILE;
  return {
    http: { host: read.HOST, port: read.PORT },
    dataDir: read.DATA_DIR,
    ...(read.NATS_URL && { natsUrl: read.NATS_URL }),
    ...(read.NATS_CREDS && { natsCredentialsFile: read.NATS_CREDS }),
    ...(read.NATS_CA && { natsCaFile: read.NATS_CA }),
    ...(read.NATS_REPLICAS && { natsReplicas: read.NATS_REPLICAS }),
    ...(read.EVENTSTORE_URL && { eventstoreUrl: read.EVENTSTORE_URL }),
    ...(read.DATABASE_URL && { databaseUrl: read.DATABASE_URL }),
    roles: read.ROLES,
    ...(read.TRUST_PROXY && { trustProxy: read.TRUST_PROXY }),
    ...(read.OIDC_ISSUER &&
      read.OIDC_CLIENT_ID &&
      read.OIDC_CLIENT_SECRET && {
        oidc: {
          issuer: read.OIDC_ISSUER,
          clientId: read.OIDC_CLIENT_ID,
          clientSecret: read.OIDC_CLIENT_SECRET,
          roles: read.OIDC_ROLES,
        },
      }),
    ...(read.ADMIN_TOKEN && { adminToken: read.ADMIN_TOKEN }),
    sources: read.SOURCES,
    identifyMaxRetries: read.IDENTIFY_MAX_RETRIES,
    routingMaxRetries: read.ROUTING_MAX_RETRIES,
    allowPrivatePartners: read.ALLOW_PRIVATE_PARTNERS ? read.ALLOW_PRIVATE_PARTNERS === "true" : embedded,
    ...(read.SMTP_URL && {
      smtp: { url: read.SMTP_URL, ...(read.SMTP_FROM && { from: read.SMTP_FROM }) },
    }),
    publishFacts: read.PUBLISH_FACTS === "true",
    intakeMaxWaitMs: read.INTAKE_MAX_WAIT_MS,
    retainLeadsDays: read.RETAIN_LEADS_DAYS,
    logLevel: read.LOG_LEVEL,
    ...(key && { masterKey: key }),
    readableMasterKeys: read.MASTER_KEYS_READABLE ?? read.MASTER_KEYS_READABLE_FILE ?? [],
    instance: read.INSTANCE,
    simulatorPort: read.SIMULATOR_PORT,
    ...(read.SIMULATOR_HOST && { simulatorHost: read.SIMULATOR_HOST }),
    leadPartitions: read.LEAD_PARTITIONS,
    drainMs: read.DRAIN_MS,
    ...(read.METRICS_TOKEN && { metricsToken: read.METRICS_TOKEN }),
    ...(read.METRICS_PORT !== undefined && { metricsPort: read.METRICS_PORT }),
    ...(read.SENTRY_DSN && {
      sentry: { dsn: read.SENTRY_DSN, tracesSampleRate: read.SENTRY_TRACES_SAMPLE_RATE },
    }),
    ...(read.OTEL_EXPORTER_OTLP_ENDPOINT && { otlpEndpoint: read.OTEL_EXPORTER_OTLP_ENDPOINT }),
    ...(read.SWITCHYARD_PARENT && { launcherPid: read.SWITCHYARD_PARENT }),
    ...(read.SWITCHYARD_RESTARTS > 0 && { restarts: read.SWITCHYARD_RESTARTS }),
    ...(read.SWITCHYARD_LAST_END && { lastEnd: read.SWITCHYARD_LAST_END }),
  };
}

/** A gateway beyond this machine takes passwords and tokens: it must be known that something in front of it speaks TLS. */
export function refuseOpenListening({ http: { host }, roles, trustProxy }: Config): void {
  if (!roles.includes("gateway") || trustProxy !== undefined || isLoopbackHost(host)) return;
  throw new ConfigError([
    `HOST is "${host}", which others than this machine reach, and nothing says that TLS is in front of it; set TRUST_PROXY to the addresses of the proxy that terminates it, or HOST to 127.0.0.1`,
  ]);
}

/** The part of `env` that configures a process with these roles. */
export function configurationFor(roles: readonly Role[], env: Environment): Record<string, string> {
  const needed = Object.entries<Variable>(VARIABLES).flatMap(([name, variable]) => {
    const isNeeded = variable.roles?.some((role) => roles.includes(role)) ?? true;
    // A launcher that has started the part knows its address better than the file.
    const isInFile = !env[name]?.trim() && env[`${name}_FILE`]?.trim() && mayBeInFile(name, variable);
    const source = isInFile ? `${name}_FILE` : name;
    const value = env[source];
    return isNeeded && value !== undefined ? [[source, value] as const] : [];
  });
  return Object.fromEntries(needed);
}
