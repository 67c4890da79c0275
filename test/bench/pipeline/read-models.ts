// The read models of a system: whether they are up to date, what they contain, how far they lag.
import { setTimeout as pause } from "node:timers/promises";
import { Pool } from "undici";
import { connectEventStore } from "#platform/event-store/event-store.ts";
import { createLog } from "#platform/log.ts";
import { now } from "./clock.ts";
import { type Lag, largestLag, type Observation, type Progress } from "./lag.ts";
import { type Serials, serialIn } from "./submissions.ts";

export interface ReadModels {
  /** When all submissions up to this position of the log had ended in the read models; undefined after a deadline. */
  caughtUp(position: number): Promise<number | undefined>;
  /** How often each of these submissions is there as delivered. */
  delivered(serials: Serials): Promise<Uint8Array>;
  /** Samples until the returned function is called; `heads` are positions that the log is known to have had. */
  watchLag?(): (heads: readonly Observation[]) => Promise<Lag | undefined>;
}

interface YardAccess {
  readonly url: string;
  readonly token: string;
  readonly eventStoreUrl: string;
}

interface Page {
  readonly items: readonly unknown[];
  readonly next_cursor?: string;
}

const NOT_ENDED = ["received", "identified", "queued", "delivering", "retrying", "held"];
const PAGE = 200;
const POLL_MS = 20;
const CATCH_UP_DEADLINE_MS = 120_000;
const HEAD_INTERVAL_MS = 200;
const PROGRESS_INTERVAL_MS = 1_000;

export function readModelsOf(access: YardAccess): ReadModels & { close(): Promise<void> } {
  const { url, token, eventStoreUrl } = access;
  const pool = new Pool(url, { connections: 4 });

  async function get<Body>(path: string): Promise<{ position: number; body: Body }> {
    const headers = { authorization: `Bearer ${token}` };
    const response = await pool.request({ method: "GET", path, headers });
    const text = await response.body.text();
    if (response.statusCode !== 200)
      throw new Error(`GET ${path} failed with ${response.statusCode}: ${text}`);
    return { position: Number(response.headers["x-position"] ?? 0), body: JSON.parse(text) as Body };
  }

  const listLeads = (filter: Readonly<Record<string, string>>) =>
    get<Page>(`/api/leads?${new URLSearchParams(filter)}`);

  /** Events are applied in order: once the last submission is there, every submission that has not ended is listed. */
  async function hasCaughtUp(position: number): Promise<boolean> {
    if ((await listLeads({ limit: "1" })).position < position) return false;
    for (const status of NOT_ENDED)
      if ((await listLeads({ status, limit: "1" })).body.items.length > 0) return false;
    return true;
  }

  function watchLag(): (heads: readonly Observation[]) => Promise<Lag | undefined> {
    const progress: Progress[] = [];
    const heads: Observation[] = [];
    const stopping = new AbortController();
    const log = createLog({ level: "silent", name: "bench", instance: "bench" });
    const eventStore = connectEventStore({ url: eventStoreUrl, log });

    async function repeat(ms: number, sample: () => Promise<void>): Promise<void> {
      while (!stopping.signal.aborted) {
        // A sample that fails is left out: under overload a request may be refused.
        await sample().catch(() => {});
        await pause(ms, undefined, { signal: stopping.signal }).catch(() => {});
      }
    }

    async function sampleHead(): Promise<void> {
      const requestedAt = now();
      const position = Number(await eventStore.head());
      heads.push({ at: (requestedAt + now()) / 2, position });
    }

    async function sampleProgress(): Promise<void> {
      const requestedAt = now();
      const path = "/api/projections";
      const { body } = await get<readonly { name: string; position: string }[]>(path);
      const at = (requestedAt + now()) / 2;
      // From positions, because the lag that the yard reports leaves out what the event store has not sent yet.
      for (const { name, position } of body)
        progress.push({ projection: name, at, position: Number(position) });
    }

    const sampling = [repeat(HEAD_INTERVAL_MS, sampleHead), repeat(PROGRESS_INTERVAL_MS, sampleProgress)];
    return async (moreHeads) => {
      stopping.abort();
      await Promise.all(sampling);
      await eventStore.close();
      return largestLag([...heads, ...moreHeads], progress);
    };
  }

  return {
    async caughtUp(position) {
      for (const deadline = now() + CATCH_UP_DEADLINE_MS; now() < deadline; await pause(POLL_MS))
        if (await hasCaughtUp(position)) return now();
      return undefined;
    },
    async delivered({ from, many }) {
      const counts = new Uint8Array(many);
      let cursor: string | undefined;
      do {
        const { body } = await listLeads({
          status: "delivered",
          limit: `${PAGE}`,
          ...(cursor !== undefined && { cursor }),
        });
        const serials = body.items.map((item) => serialIn(JSON.stringify(item)));
        countSerials(counts, from, serials);
        // The newest come first, so a page with only older ones ends the search.
        cursor = serials.some((serial) => serial >= from) ? body.next_cursor : undefined;
      } while (cursor !== undefined);
      return counts;
    },
    watchLag,
    close: () => pool.close(),
  };
}

export function countSerials(counts: Uint8Array, from: number, serials: readonly number[]): void {
  for (const serial of serials)
    if (serial >= from && serial < from + counts.length)
      counts[serial - from] = (counts[serial - from] ?? 0) + 1;
}
