// Tells a connection that was lost without a word from a statement that takes long: over another connection the server is asked whether
// it waits for us. See docs/decisions/0147.
//
// 1. A connection is lost where we wait for the server's answer while the server waits for our next message, seen twice in a row without
//    either having moved in between.
// 2. A statement that is still being sent is not judged; nor is anything where the server can't be asked.
// 3. The session of a lost connection is ended in the server as well, so that its locks are free at once.
import type { Socket } from "node:net";
import pg from "pg";
import { every } from "../every.ts";
import type { Log } from "../log.ts";

/** What is known of one connection. */
interface Watched {
  readonly client: Client;
  /** Statements without an answer. */
  open: number;
  /** The last answer, or when the first of the open statements was given. */
  heardAt: number;
  /** Since when the server had been waiting for us when it was asked last; undefined where it was not, or we have heard of it since. */
  waitsSince: string | undefined;
}

type Client = pg.ClientBase & {
  readonly processID: number | null;
  readonly connection: { readonly stream: Socket };
};

export interface LostConnections {
  /** Watches the connection while it is open; given again, it is the same. */
  watch(client: pg.ClientBase): StatementWatch;
  /** Nothing was heard over it since another one was found lost: it may be lost as well, and is broken. */
  breakSuspect(client: pg.ClientBase): boolean;
  close(): void;
}

export interface StatementWatch {
  given(): void;
  answered(): void;
}

export interface LostConnectionsOptions {
  readonly url: string;
  readonly log: Log;
}

const LOOK_EVERY_MS = 1_000;
/** A statement without an answer for so long is looked after. */
const SILENT_MS = 2_000;
const ASK_MS = 2_000;

const WAITING_FOR_US = `select pid, state_change::text as since from pg_stat_activity
  where pid = any($1) and wait_event = 'ClientRead'`;
const END = `select pg_terminate_backend(pid) from pg_stat_activity
  where pid = $1 and state_change::text = $2 and wait_event = 'ClientRead'`;

export function watchForLoss({ url, log }: LostConnectionsOptions): LostConnections {
  const all = new Map<pg.ClientBase, Watched>();
  let lostAt = Number.NEGATIVE_INFINITY;

  function watched(client: pg.ClientBase): Watched {
    const known = all.get(client);
    if (known !== undefined) return known;
    const own = { client: client as Client, open: 0, heardAt: performance.now(), waitsSince: undefined };
    all.set(client, own);
    client.once("end", () => all.delete(client));
    return own;
  }

  const isSilent = ({ client, open, heardAt }: Watched): boolean =>
    open > 0 &&
    performance.now() - heardAt > SILENT_MS &&
    client.processID !== null &&
    client.connection.stream.writableLength === 0; // 2

  async function look(): Promise<void> {
    const silent = [...all.values()].filter(isSilent);
    if (silent.length === 0) return;
    const before = new Map(silent.map((one) => [one, one.heardAt]));
    const asking = new pg.Client({
      connectionString: url,
      connectionTimeoutMillis: ASK_MS,
      query_timeout: ASK_MS,
    });
    asking.on("error", () => undefined);
    try {
      await asking.connect();
      const pids = silent.map(({ client }) => client.processID);
      const { rows } = await asking.query<{ pid: number; since: string }>(WAITING_FOR_US, [pids]);
      const waiting = new Map(rows.map(({ pid, since }) => [pid, since]));
      for (const one of silent) {
        // Answered meanwhile.
        if (one.heardAt !== before.get(one) || one.open === 0) continue;
        const since = waiting.get(one.client.processID ?? 0);
        const isLost = since !== undefined && since === one.waitsSince; // 1
        one.waitsSince = since;
        if (!isLost) continue;
        lostAt = performance.now();
        log.warn(
          { pid: one.client.processID, silentMs: Math.round(lostAt - one.heardAt) },
          "database connection lost without a word and given up",
        );
        one.client.connection.stream.destroy();
        await asking.query(END, [one.client.processID, since]); // 3
      }
    } finally {
      // It may be lost as well by now, and nobody would answer its goodbye.
      const cut = setTimeout(() => (asking as pg.ClientBase as Client).connection.stream.destroy(), ASK_MS);
      await asking.end().catch(() => undefined);
      clearTimeout(cut);
    }
  }

  const stopLooking = every({
    ms: LOOK_EVERY_MS,
    work: look,
    keepsAlive: false,
    onError: (error) => log.debug({ err: error }, "silent database connections not looked after"),
  });

  return {
    watch(client) {
      const own = watched(client);
      return {
        given() {
          if (own.open === 0) own.heardAt = performance.now();
          own.open += 1;
        },
        answered() {
          own.open -= 1;
          own.heardAt = performance.now();
          own.waitsSince = undefined;
        },
      };
    },
    breakSuspect(client) {
      const own = watched(client);
      if (own.heardAt >= lostAt) return false;
      own.client.connection.stream.destroy();
      return true;
    },
    close: stopLooking,
  };
}
