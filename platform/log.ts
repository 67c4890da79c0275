// Structured logs. What could show a person or a secret is cut out wherever it stands at the top or one level down.
import { type Logger, type LoggerOptions, pino } from "pino";

export type Log = Logger;
export type LogLevel = "fatal" | "error" | "warn" | "info" | "debug" | "trace" | "silent";

export interface LogOptions {
  readonly level: LogLevel;
  /** The process or role that speaks. */
  readonly name: string;
  readonly instance: string;
  /** Is told of each error that is logged. */
  readonly onError?: ((error: unknown, message: string) => void) | undefined;
}

const ERROR = 50;

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

export function createLog({ level, name, instance, onError }: LogOptions): Log {
  return pino({
    ...(onError && { hooks: { logMethod: telling(onError) } }),
    level,
    name,
    base: { instance },
    timestamp: pino.stdTimeFunctions.isoTime,
    redact: { paths: PRIVATE.flatMap((one) => [path(one), below(one)]), censor: "[redacted]" },
  });
}

type LogMethod = NonNullable<NonNullable<LoggerOptions["hooks"]>["logMethod"]>;

function telling(onError: NonNullable<LogOptions["onError"]>): LogMethod {
  return function (args, method, level) {
    if (level >= ERROR) {
      const [fields, message] = args as unknown as [unknown, unknown];
      const error = (fields as { readonly err?: unknown } | undefined)?.err;
      onError(error, String(typeof fields === "string" ? fields : message));
    }
    method.apply(this, args);
  };
}
