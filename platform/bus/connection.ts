// One connection to NATS that comes back by itself, and reports when it is lost and when it is back.
import { connect, Events, type NatsConnection } from "nats";
import type { Log } from "../log.ts";
import { retryUntil } from "../retry.ts";
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

export interface ConnectionOptions {
  readonly url: string;
  readonly name: string;
  readonly log: Log;
  /** Ends the wait for the first connection. */
  readonly signal: AbortSignal;
}

const BACKOFF = { baseMs: 100, maxMs: 2000 };

async function connectPatiently({ url, name, log, signal }: ConnectionOptions): Promise<NatsConnection> {
  const nats = await retryUntil(
    () =>
      connect({
        servers: url.split(","),
        name,
        maxReconnectAttempts: -1,
        reconnectTimeWait: 250,
        reconnectJitter: 250,
        // A peer that vanished without closing is noticed after two unanswered pings.
        pingInterval: 5000,
        maxPingOut: 2,
        noAsyncTraces: true,
      }),
    {
      backoff: BACKOFF,
      signal,
      onFailure: (error) => log.warn({ err: error }, "NATS not reachable yet"),
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
    // Without a connection there is nothing to drain to, and waiting for one would never end.
    close: () => (connected ? nats.drain() : nats.close()),
  };
}
