// Structured logs. What could show a person or a secret is cut out wherever it stands at the top or one level down.
import { type Logger, pino } from "pino";

export type Log = Logger;
export type LogLevel = "fatal" | "error" | "warn" | "info" | "debug" | "trace" | "silent";

export interface LogOptions {
  readonly level: LogLevel;
  /** The process or role that speaks. */
  readonly name: string;
  readonly instance: string;
}

const PRIVATE = [
  "authorization",
  "cookie",
  "signature",
  "webhook-signature",
  "x-signature-256",
  "secret",
  "secrets",
  "token",
  "password",
  "masterKey",
  "readableMasterKeys",
  "email",
  "phone",
  "full_name",
  "first_name",
  "last_name",
  "ip_address",
  "payload",
];

const path = (name: string): string => (/^\w+$/.test(name) ? name : `["${name}"]`);
const below = (name: string): string => (/^\w+$/.test(name) ? `*.${name}` : `*["${name}"]`);

export function createLog({ level, name, instance }: LogOptions): Log {
  return pino({
    level,
    name,
    base: { instance },
    timestamp: pino.stdTimeFunctions.isoTime,
    redact: { paths: PRIVATE.flatMap((one) => [path(one), below(one)]), censor: "[redacted]" },
  });
}
