// The environment, read once: everything wrong is told at once, in plain words.
import type { LogLevel } from "./log.ts";

export const ROLES = [
  "gateway",
  "relay",
  "leads",
  "identity",
  "partners",
  "projections",
  "simulator",
] as const;
export type Role = (typeof ROLES)[number];

export interface SourceSecret {
  readonly id: string;
  readonly secret: string;
}

export interface Config {
  readonly http: { readonly host: string; readonly port: number };
  readonly dataDir: string;
  readonly natsUrl?: string;
  readonly eventstoreUrl?: string;
  readonly databaseUrl?: string;
  readonly roles: readonly Role[];
  readonly adminToken?: string;
  /** Empty when SOURCES is unset: resolveConnections then gives the demo source. */
  readonly sources: readonly SourceSecret[];
  readonly identifyMaxRetries: number;
  readonly routingMaxRetries: number;
  readonly allowPrivatePartners: boolean;
  readonly logLevel: LogLevel;
  readonly masterKey?: Buffer;
  readonly instance: string;
  readonly simulatorPort: number;
  readonly leadPartitions: number;
  readonly drainMs: number;
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

export function readConfig(_env: Readonly<Record<string, string | undefined>>): Config {
  throw new Error("not yet");
}
