// Every variable that configures a process: what may be given, and who needs it.
import { hostname } from "node:os";
import { z } from "zod";
import { parseNatsUrl } from "./bus/address.ts";
import {
  checked,
  databaseUrl,
  fileThat,
  fileWith,
  groupRole,
  list,
  masterKey,
  masterKeys,
  oidcIssuer,
  optionalNumber,
  port,
  processId,
  sentryDsn,
  share,
  smtpAddress,
  source,
  token,
  trustedProxies,
  wholeNumber,
} from "./config-values.ts";
import { checkEventStoreUrl } from "./event-store/address.ts";
import { ROLES, type Role } from "./role-names.ts";

const roles = z
  .string()
  .transform(list)
  .pipe(z.array(z.enum(ROLES)).min(1))
  .optional()
  .transform((given) => given ?? [...ROLES]);
export interface Variable {
  /** What may be given, in words. */
  readonly allows: string;
  readonly schema: z.ZodType<unknown, string | undefined>;
  /** Who needs it; every role unless told. */
  readonly roles?: readonly Role[];
}
/** A secret is never repeated in a message, must say who needs it, and may also stand in the file that NAME_FILE names. */
type SecretVariable = Variable & { readonly secret: true; readonly roles: readonly Role[] };

/** The simulator uses no part of the yard, relay and timers open nothing that is sealed. */
const YARD_ROLES = ROLES.filter((role) => role !== "simulator");
const VAULT_ROLES = YARD_ROLES.filter((role) => role !== "relay" && role !== "timers");

export const VARIABLES = {
  HOST: { allows: "an address to listen on", schema: z.string().default("127.0.0.1") },
  PORT: { allows: "a port from 0 to 65535", schema: wholeNumber(0, 65_535, 8080) },
  DATA_DIR: { allows: "a folder", schema: z.string().default(".data"), roles: YARD_ROLES },
  NATS_URL: {
    allows: "nats://[user:password@]host[:port][,host[:port]] or tls://…",
    schema: checked(parseNatsUrl).optional(),
    secret: true,
    roles: YARD_ROLES,
  },
  NATS_CREDS: {
    allows: "a credentials file of NATS that can be read",
    schema: fileThat((text) => text.includes("-----BEGIN NATS USER JWT-----")).optional(),
    roles: YARD_ROLES,
  },
  NATS_CA: {
    allows: "a file with a certificate in PEM that can be read",
    schema: fileThat((text) => text.includes("-----BEGIN CERTIFICATE-----")).optional(),
    roles: YARD_ROLES,
  },
  NATS_REPLICAS: {
    allows: "a whole number from 1 to 5",
    schema: z
      .string()
      .regex(/^[1-5]$/)
      .transform(Number)
      .optional(),
    roles: YARD_ROLES,
  },
  EVENTSTORE_URL: {
    allows: "esdb://[user:password@]host[:port][,host[:port]][?option=value] or esdb+discover://…",
    schema: checked(checkEventStoreUrl).optional(),
    secret: true,
    roles: YARD_ROLES,
  },
  DATABASE_URL: {
    allows: "postgres://user:password@host:port/database",
    schema: databaseUrl.optional(),
    secret: true,
    roles: YARD_ROLES,
  },
  ROLES: { allows: `a comma-separated list of ${ROLES.join(", ")}`, schema: roles },
  ADMIN_TOKEN: {
    allows: "at least 16 characters without spaces",
    schema: token.optional(),
    secret: true,
    roles: ["gateway"],
  },
  TRUST_PROXY: {
    allows:
      "true, or addresses, networks (10.0.0.0/8), loopback, linklocal, uniquelocal, separated by commas",
    schema: trustedProxies.optional(),
    roles: ["gateway"],
  },
  OIDC_ISSUER: {
    allows: "https://… as the provider names itself, or http:// on loopback",
    schema: oidcIssuer.optional(),
    roles: ["gateway"],
  },
  OIDC_CLIENT_ID: { allows: "a text", schema: z.string().optional(), roles: ["gateway"] },
  OIDC_CLIENT_SECRET: {
    allows: "a text",
    schema: z.string().optional(),
    secret: true,
    roles: ["gateway"],
  },
  OIDC_ROLES: {
    allows: "group:role, several separated by commas",
    schema: z.string().default("").transform(list).pipe(z.array(groupRole)),
    roles: ["gateway"],
  },
  SOURCES: {
    allows:
      "id:whsec_<base64 of 24 to 64 bytes>, several separated by commas; an id has lower-case letters, digits, - and _",
    schema: z.string().default("").transform(list).pipe(z.array(source)),
    secret: true,
    roles: ["gateway"],
  },
  IDENTIFY_MAX_RETRIES: {
    allows: "a whole number from 0 to 100",
    schema: wholeNumber(0, 100, 3),
    roles: ["leads"],
  },
  ROUTING_MAX_RETRIES: {
    allows: "a whole number from 0 to 100",
    schema: wholeNumber(0, 100, 3),
    roles: ["leads"],
  },
  ALLOW_PRIVATE_PARTNERS: {
    allows: "true or false",
    schema: z.enum(["true", "false"]).optional(),
    roles: ["gateway", "partners", "campaigns"],
  },
  SMTP_URL: {
    allows: "smtp://host:port or smtps://user:password@host:port",
    schema: smtpAddress.optional(),
    secret: true,
    roles: ["gateway", "partners"],
  },
  SMTP_FROM: {
    allows: "an address like leads@shop.example",
    schema: z
      .string()
      .regex(/^[^\s@,<>"]+@[^\s@,<>"]+$/)
      .optional(),
    roles: ["gateway", "partners"],
  },
  INTAKE_MAX_WAIT_MS: {
    allows: "a whole number from 0 to 60000",
    schema: wholeNumber(0, 60_000, 2_000),
    roles: ["gateway"],
  },
  RETAIN_LEADS_DAYS: {
    allows: "a whole number from 1 to 36500",
    schema: optionalNumber(1, 36_500),
    roles: ["projections"],
  },
  PUBLISH_FACTS: {
    allows: "true or false",
    schema: z.enum(["true", "false"]).default("false"),
    roles: ["relay"],
  },
  LOG_LEVEL: {
    allows: "fatal, error, warn, info, debug, trace or silent",
    schema: z.enum(["fatal", "error", "warn", "info", "debug", "trace", "silent"]).default("info"),
  },
  MASTER_KEY: {
    allows: "32 bytes in base64",
    schema: masterKey.optional(),
    secret: true,
    roles: VAULT_ROLES,
  },
  MASTER_KEY_FILE: {
    allows: "a file with 32 bytes in base64",
    schema: fileWith(masterKey),
    roles: VAULT_ROLES,
  },
  MASTER_KEYS_READABLE: {
    allows: "32 bytes in base64, several separated by commas",
    schema: masterKeys.optional(),
    secret: true,
    roles: VAULT_ROLES,
  },
  MASTER_KEYS_READABLE_FILE: {
    allows: "a file with 32 bytes in base64, several on lines of their own",
    schema: fileWith(masterKeys),
    roles: VAULT_ROLES,
  },
  INSTANCE: {
    allows: "a name of letters, digits, - and _",
    schema: z
      .string()
      .regex(/^[\w-]{1,64}$/)
      .default(
        `${hostname()
          .replaceAll(/[^\w-]/g, "-")
          .slice(0, 48)}-${process.pid}`,
      ),
  },
  SIMULATOR_PORT: {
    allows: "a port from 0 to 65535",
    schema: wholeNumber(0, 65_535, 8090),
    roles: ["simulator"],
  },
  SIMULATOR_HOST: {
    allows: "an address to listen on",
    schema: z.string().optional(),
    roles: ["simulator"],
  },
  LEAD_PARTITIONS: {
    allows: "a whole number from 1 to 256",
    schema: wholeNumber(1, 256, 16),
    roles: ["relay", "leads"],
  },
  METRICS_TOKEN: {
    allows: "at least 16 characters without spaces",
    schema: token.optional(),
    secret: true,
    roles: YARD_ROLES,
  },
  METRICS_PORT: {
    allows: "a port from 0 to 65535",
    schema: port.optional(),
    roles: ["gateway"],
  },
  SENTRY_DSN: {
    allows: "https://<public key>@host/<project>, as Sentry shows it",
    schema: sentryDsn.optional(),
    secret: true,
    roles: YARD_ROLES,
  },
  SENTRY_TRACES_SAMPLE_RATE: {
    allows: "a number from 0 to 1",
    schema: share(0.01),
    roles: YARD_ROLES,
  },
  OTEL_EXPORTER_OTLP_ENDPOINT: {
    allows: "http://host:port or https://… of an OpenTelemetry collector that takes OTLP over HTTP",
    schema: z.url({ protocol: /^https?$/ }).optional(),
    roles: YARD_ROLES,
  },
  DRAIN_MS: { allows: "a whole number from 0 to 600000", schema: wholeNumber(0, 600_000, 10_000) },
  /** Set by the launcher, not by people. */
  SWITCHYARD_PARENT: { allows: "the launcher's process id", schema: processId.optional() },
  SWITCHYARD_RESTARTS: { allows: "a whole number", schema: wholeNumber(0, Number.MAX_SAFE_INTEGER, 0) },
  SWITCHYARD_LAST_END: { allows: "what ended the process", schema: z.string().optional() },
} as const satisfies Readonly<Record<string, (Variable & { readonly secret?: never }) | SecretVariable>>;
