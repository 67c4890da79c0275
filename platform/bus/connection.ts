// One connection to NATS that comes back by itself, and tells when it went and came.
import { connect, Events, type NatsConnection } from "nats";
import type { Log } from "../log.ts";
import { backoffMs, pause } from "../retry.ts";
import { BusError } from "./bus-error.ts";

export interface Connection {
  readonly nats: NatsConnection;
  readonly connected: boolean;
  onDisconnect(react: () => void): void;
  /** Returns how to be told no more. */
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
  for (let tries = 0; !signal.aborted; tries++) {
    try {
      return await connect({
        servers: url.split(","),
        name,
        maxReconnectAttempts: -1,
        reconnectTimeWait: 250,
        reconnectJitter: 250,
        // A peer that vanished without a word is noticed after two unanswered pings.
        pingInterval: 5000,
        maxPingOut: 2,
        noAsyncTraces: true,
      });
    } catch (error) {
      log.warn({ err: error }, "NATS can't be reached yet");
    }
    await pause(backoffMs(tries, BACKOFF), signal);
  }
  throw new BusError("disconnected", "told to stop before NATS could be reached");
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
        log.warn("NATS is disconnected");
        for (const react of onDisconnect) react();
      } else if (type === Events.Reconnect) {
        connected = true;
        log.info("NATS is connected again");
        for (const react of onReconnect) react();
      } else if (type === Events.Error) {
        log.warn({ data }, "NATS reports an error");
      }
    }
  }
  watch().catch((error: unknown) => log.error({ err: error }, "watching the connection ended"));
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
