// Builds the server around an event log: the routes, the port, and how it ends.
import { setMaxListeners } from "node:events";
import { setTimeout } from "node:timers/promises";
import { promisify } from "node:util";
import { Server, type ServerCredentials } from "@grpc/grpc-js";
import type { Logger } from "pino";
import type { EventLog } from "./engine/event-log.ts";
import { CommitNotifier } from "./protocol/commit-notifier.ts";
import { requireCredentials, type User } from "./protocol/credentials.ts";
import { toGrpcError } from "./protocol/errors.ts";
import { registerRoutes } from "./protocol/routes.ts";

export interface AppOptions {
  readonly log: EventLog;
  readonly logger: Logger;
  readonly host: string;
  readonly port: number;
  readonly credentials: ServerCredentials;
  /** Without users no call needs credentials. */
  readonly users: readonly User[];
}

export interface App {
  readonly port: number;
  /** Host and port as they are written in a connection string. */
  readonly address: string;
  /** Ends every call, then the connections; the event log stays open. */
  close(): Promise<void>;
}

/** A client sends appends in chunks of 3 MiB, and a single event that is too large in one piece. */
const MAX_MESSAGE_BYTES = 32 * 1024 * 1024;
const GRACE_MS = 2_000;

export async function startApp({ log, logger, users, ...options }: AppOptions): Promise<App> {
  const stopping = new AbortController();
  // Each open call listens, and there may be thousands.
  setMaxListeners(0, stopping.signal);

  const server = new Server({
    "grpc.max_receive_message_length": MAX_MESSAGE_BYTES,
    "grpc.max_send_message_length": MAX_MESSAGE_BYTES,
    "grpc.enable_channelz": 0,
    interceptors: users.length > 0 ? [requireCredentials(users)] : [],
  });
  const commits = new CommitNotifier();
  const stopNotifying = log.onCommit(commits.notify);
  registerRoutes(server, {
    log,
    commits,
    stopping: stopping.signal,
    toGrpcError: (error) => toGrpcError(error, logger),
  });

  const bind = promisify(server.bindAsync.bind(server)) as (
    address: string,
    credentials: ServerCredentials,
  ) => Promise<number>;
  const host = options.host.includes(":") ? `[${options.host}]` : options.host;
  const port = await bind(`${host}:${options.port}`, options.credentials);

  return {
    port,
    address: `${host}:${port}`,
    async close() {
      stopping.abort();
      await Promise.race([
        new Promise<void>((resolve) => server.tryShutdown(() => resolve())),
        // Connections whose client does not read never end by themselves.
        setTimeout(GRACE_MS, undefined, { ref: false }).then(() => server.forceShutdown()),
      ]);
      stopNotifying();
    },
  };
}
