// The command line, checked before anything is opened.
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import type { User } from "./protocol/credentials.ts";

export interface Arguments {
  readonly port: number;
  readonly host: string;
  readonly dir: string;
  readonly tls: { readonly cert: Buffer; readonly key: Buffer } | undefined;
  readonly users: readonly User[];
  readonly logLevel: string;
  readonly dieWithParent: boolean;
}

export const HELP = `The embedded event store of Switchyard: one node that speaks EventStoreDB's gRPC protocol, durable on SQLite.

  npm run eventstore -- --port 2113 --data .data/eventstore

  --port N              port to listen on; 0 takes a free one (default 2113)
  --data DIR            folder of the data, made if it is missing (default .data/eventstore)
  --host ADDRESS        address to listen on (default 127.0.0.1); any but a loopback address needs TLS and a user
  --tls-cert FILE       certificate chain in PEM; with --tls-key the server speaks TLS only
  --tls-key FILE        its private key in PEM
  --user NAME:PASSWORD  may be repeated; needs TLS. With users, every call except discovery needs the Basic credentials
                        of one of them. Others on the machine can read a command line, so prefer
  --users-file FILE     the same, one NAME:PASSWORD per line
  --log-level LEVEL     trace, debug, info, warn, error, fatal or silent (default info); JSON lines on stderr
  --die-with-parent     stop cleanly once the parent process is gone, however it ended: its id is checked four times
                        a second, and where stdin is a pipe, its end counts too
  --help                this text

Once it serves it prints one line on stdout: eventstore ready on ADDRESS:PORT
SIGTERM and SIGINT stop it cleanly within 5 seconds; a second signal ends it at once.
Connect with esdb://127.0.0.1:2113?tls=false`;

/** The command line is wrong; the message is for who typed it. */
export class WrongArguments extends Error {
  override name = "WrongArguments";
}

const LOG_LEVELS = ["trace", "debug", "info", "warn", "error", "fatal", "silent"];

export function parseArguments(args: readonly string[]): Arguments | "help" {
  const values = read(args);
  if (values.help) return "help";
  const tls = readTls(values["tls-cert"], values["tls-key"]);
  const users = [...(values.user ?? []), ...usersIn(values["users-file"])].map(parseUser);
  if (users.length > 0 && !tls)
    throw new WrongArguments("users need --tls-cert and --tls-key: credentials are never sent in the clear");
  if (!isLoopback(values.host) && (!tls || users.length === 0))
    throw new WrongArguments(`--host ${values.host} is not a loopback address, so it needs TLS and a --user`);
  if (!LOG_LEVELS.includes(values["log-level"]))
    throw new WrongArguments(`--log-level must be one of ${LOG_LEVELS.join(", ")}`);
  if (values.data === "") throw new WrongArguments("--data must name a folder");
  return {
    port: parsePort(values.port),
    host: values.host,
    dir: values.data,
    tls,
    users,
    logLevel: values["log-level"],
    dieWithParent: values["die-with-parent"],
  };
}

function read(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        port: { type: "string", default: "2113" },
        host: { type: "string", default: "127.0.0.1" },
        data: { type: "string", default: ".data/eventstore" },
        "tls-cert": { type: "string" },
        "tls-key": { type: "string" },
        user: { type: "string", multiple: true },
        "users-file": { type: "string" },
        "log-level": { type: "string", default: "info" },
        "die-with-parent": { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    }).values;
  } catch (error) {
    throw new WrongArguments(error instanceof Error ? error.message : String(error));
  }
}

function parsePort(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65_535)
    throw new WrongArguments(`--port must be a number from 0 to 65535, not '${text}'`);
  return port;
}

function readTls(certPath: string | undefined, keyPath: string | undefined): Arguments["tls"] {
  if (certPath === undefined && keyPath === undefined) return undefined;
  if (certPath === undefined || keyPath === undefined)
    throw new WrongArguments("--tls-cert and --tls-key are given together or not at all");
  return { cert: readOption("--tls-cert", certPath), key: readOption("--tls-key", keyPath) };
}

function usersIn(path: string | undefined): string[] {
  if (path === undefined) return [];
  return readOption("--users-file", path).toString("utf8").split(/\r?\n/).filter(Boolean);
}

function readOption(flag: string, path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new WrongArguments(`${flag}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function parseUser(text: string): User {
  const colon = text.indexOf(":");
  if (colon < 1 || colon === text.length - 1) throw new WrongArguments("a user is given as NAME:PASSWORD");
  return { name: text.slice(0, colon), password: text.slice(colon + 1) };
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127\.\d+\.\d+\.\d+$/.test(host);
}
