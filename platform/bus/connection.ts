// One connection to NATS that comes back by itself, and reports when it is lost and when it is back.
import { readFileSync } from "node:fs";
import {
  type ConnectionOptions as ClientOptions,
  connect,
  credsAuthenticator,
  ErrorCode,
  Events,
  type NatsConnection,
  NatsError,
} from "nats";
import type { Log } from "../log.ts";
import { pause, retryUntil } from "../retry.ts";
import { parseNatsUrl } from "./address.ts";
import { BusError } from "./bus-error.ts";
import { writeOncePerTurn } from "./write-once-per-turn.ts";

export interface Connection {
  readonly nats: NatsConnection;
  readonly connected: boolean;
  onDisconnect(react: () => void): void;
  /** Returns what ends it. */
  onReconnect(react: () => void): () => void;
  close(): Promise<void>;
}

/** Where NATS is, and what proves who we are and who it is. */
export interface NatsAccess {
  readonly url: string;
  /** A credentials file, as `nsc` writes it. */
  readonly credentialsFile?: string;
  /** Whom a server's certificate has to come from; with it, as with tls://, nothing goes out in plain text. */
  readonly caFile?: string;
}

export interface ConnectionOptions extends NatsAccess {
  readonly name: string;
  readonly log: Log;
  /** Ends the wait for the first connection. */
  readonly signal: AbortSignal;
}

const BACKOFF = { baseMs: 100, maxMs: 2000 };
const CONNECT_MS = 5000;
/** A server that answers nothing more, or is lost meanwhile, must not take the time that others need for their end. */
const DRAIN_MS = 1000;

function accessOf({ url, credentialsFile, caFile }: NatsAccess): ClientOptions {
  const { servers, login, tls } = parseNatsUrl(url);
  const ca = caFile === undefined ? {} : { ca: readFileSync(caFile, "utf8") };
  return {
    servers: [...servers],
    ...login,
    ...(credentialsFile !== undefined && {
      authenticator: credsAuthenticator(readFileSync(credentialsFile)),
    }),
    // Given at all, it keeps the client from a server that offers no TLS.
    ...((tls || caFile !== undefined) && { tls: ca }),
  };
}

/** What another try at once would not change, in words for who configured it. */
function refusal(error: unknown): BusError | undefined {
  if (!(error instanceof NatsError)) return undefined;
  const because = (words: string): BusError => new BusError("refused", words, { cause: error });
  switch (error.code) {
    case ErrorCode.ServerOptionNotAvailable:
      return because("NATS offers no TLS, which NATS_URL or NATS_CA asks for");
    case ErrorCode.AuthorizationViolation:
    case ErrorCode.AuthenticationExpired:
      return because("NATS does not accept the user of NATS_URL or NATS_CREDS");
    default:
      return undefined;
  }
}

async function connectPatiently(options: ConnectionOptions): Promise<NatsConnection> {
  const { name, log, signal } = options;
  const nats = await retryUntil(
    () =>
      connect({
        ...accessOf(options),
        name,
        maxReconnectAttempts: -1,
        // While passwords are replaced a server may refuse us for a while.
        ignoreAuthErrorAbort: true,
        reconnectTimeWait: 250,
        reconnectJitter: 250,
        // A connection that is lost while it is made is tried again as soon as one that was lost later.
        timeout: CONNECT_MS,
        // A peer that vanished without closing is noticed after two unanswered pings.
        pingInterval: 5000,
        maxPingOut: 2,
        noAsyncTraces: true,
      }),
    {
      backoff: BACKOFF,
      signal,
      onFailure(error) {
        const refused = refusal(error);
        if (refused !== undefined) throw refused;
        log.warn({ err: error }, "NATS not reachable yet");
      },
    },
  );
  if (nats === undefined) throw new BusError("disconnected", "stopped before NATS could be reached");
  writeOncePerTurn(nats);
  return nats;
}

export async function openConnection(options: ConnectionOptions): Promise<Connection> {
  const { log } = options;
  const nats = await connectPatiently(options);
  const onDisconnect: (() => void)[] = [];
  const onReconnect = new Set<() => void>();
  let connected = true;

  async function watch(): Promise<void> {
    for await (const { type, data } of nats.status()) {
      if (type === Events.Disconnect) {
        connected = false;
        log.warn("NATS disconnected");
        for (const react of onDisconnect) react();
      } else if (type === Events.Reconnect) {
        connected = true;
        log.info("NATS reconnected");
        for (const react of onReconnect) react();
      } else if (type === Events.Error) {
        log.warn({ data }, "NATS reported an error");
      }
    }
  }
  watch().catch((error: unknown) => log.error({ err: error }, "NATS connection no longer watched"));
  void nats.closed().then(() => {
    connected = false;
  });

  return {
    nats,
    get connected() {
      return connected;
    },
    onDisconnect: (react) => void onDisconnect.push(react),
    onReconnect(react) {
      onReconnect.add(react);
      return () => onReconnect.delete(react);
    },
    async close() {
      // Without a connection there is nothing to drain to, and waiting for one would never end.
      if (connected) await Promise.race([nats.drain(), pause(DRAIN_MS)]);
      if (!nats.isClosed()) await nats.close();
    },
  };
}
