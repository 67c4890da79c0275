// LISTEN on a connection of its own, which is opened again whenever it breaks. Behind a pooler, where nobody can listen, whoever waits is
// told regularly that some may be missed.
import pg from "pg";
import { every } from "../every.ts";
import type { Log } from "../log.ts";
import { retryUntil } from "../retry.ts";
import { isPooled } from "./pooler.ts";

export interface Listening {
  close(): Promise<void>;
}

export interface ListenOptions {
  readonly url: string;
  readonly channel: string;
  /** Undefined when the connection was lost in between: some may be missed. */
  readonly onNotification: (payload: string | undefined) => void;
  readonly log: Log;
  readonly signal: AbortSignal;
  /** The connection is asked now and then, and given up when it has no answer within this. */
  readonly maxSilenceMs: number;
}

const CONNECT_MS = 5000;
const ASK_EVERY_MS = 5000;
const BACKOFF = { baseMs: 100, maxMs: 2000 };

/** Resolves when it listens for the first time. */
export async function listenFor({
  url,
  channel,
  onNotification,
  log,
  signal,
  maxSilenceMs,
}: ListenOptions): Promise<Listening> {
  const closing = new AbortController();
  const ended = AbortSignal.any([signal, closing.signal]);
  const first = Promise.withResolvers<void>();
  let wasListening = false;

  /** Resolves only when it is to end. */
  async function listenOnce(): Promise<void> {
    const client = new pg.Client({
      connectionString: url,
      keepAlive: true,
      connectionTimeoutMillis: CONNECT_MS,
      query_timeout: maxSilenceMs,
    });
    const broken = Promise.withResolvers<void>();
    // It may break before anybody waits for that.
    broken.promise.catch(() => undefined);
    const onAbort = (): void => broken.resolve();
    ended.addEventListener("abort", onAbort);
    client.on("error", broken.reject);
    client.on("end", () => broken.reject(new Error("the connection ended")));
    client.on("notification", ({ payload }) => onNotification(payload ?? ""));
    let stopAsking = (): void => undefined;
    try {
      await client.connect();
      const pooled = await isPooled(client);
      if (pooled && !wasListening)
        log.info({ channel }, "notifications don't pass the connection pooler, looked for every 5 s instead");
      if (!pooled) await client.query(`listen ${pg.escapeIdentifier(channel)}`);
      if (wasListening) onNotification(undefined);
      wasListening = true;
      first.resolve();
      stopAsking = every({
        ms: ASK_EVERY_MS,
        work: async () => {
          await client.query("select 1");
          if (pooled) onNotification(undefined);
        },
        onError: broken.reject,
      });
      await broken.promise;
    } finally {
      stopAsking();
      ended.removeEventListener("abort", onAbort);
      await client.end().catch(() => undefined);
    }
  }

  async function listenForever(): Promise<void> {
    await retryUntil(listenOnce, {
      backoff: BACKOFF,
      signal: ended,
      onFailure: (error) => log.warn({ err: error, channel }, "listening broke off, begins again"),
    });
    first.resolve();
  }

  const done = listenForever();
  await first.promise;
  return {
    async close() {
      closing.abort();
      await done;
    },
  };
}
