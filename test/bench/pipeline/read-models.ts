// The yard's read models as its users see them: when they have caught up, what they hold, how far they are behind.
import { setTimeout as pause } from "node:timers/promises";
import { Pool } from "undici";
import { connectEventStore } from "#platform/event-store/event-store.ts";
import { createLog } from "#platform/log.ts";
import { now } from "./clock.ts";
import { type Lag, type Observation, type Progress, worstLag } from "./lag.ts";
import { serialIn } from "./submissions.ts";

export interface ReadModels {
  /** When everything that was taken in up to this position had reached its end in them; undefined when that takes too long. */
  caughtUp(position: number): Promise<number | undefined>;
  /** How often each of these submissions stands there as delivered. */
  delivered(serials: { readonly from: number; readonly many: number }): Promise<Uint8Array>;
  /** From now on, until the result is asked for; `heads` are further positions that the log had. */
  watch?(): (heads: readonly Observation[]) => Promise<Lag | undefined>;
}

export interface YardAddress {
  readonly url: string;
  readonly token: string;
  readonly eventStoreUrl: string;
}

interface Page {
  readonly items: readonly unknown[];
  readonly next_cursor?: string;
}

const ON_THE_WAY = ["received", "identified", "queued", "delivering", "retrying", "held"];
const PAGE = 200;
const LOOK_MS = 20;
const CAUGHT_UP_WITHIN_MS = 120_000;
const HEAD_EVERY_MS = 200;
const PROGRESS_EVERY_MS = 1_000;

export function readModelsOf({
  url,
  token,
  eventStoreUrl,
}: YardAddress): ReadModels & { close(): Promise<void> } {
  const pool = new Pool(url, { connections: 4 });

  async function get<Body>(path: string): Promise<{ position: number; body: Body }> {
    const headers = { authorization: `Bearer ${token}` };
    const answer = await pool.request({ method: "GET", path, headers });
    const text = await answer.body.text();
    if (answer.statusCode !== 200) throw new Error(`GET ${path} was answered ${answer.statusCode}: ${text}`);
    return { position: Number(answer.headers["x-position"] ?? 0), body: JSON.parse(text) as Body };
  }

  const leads = (filter: Readonly<Record<string, string>>) =>
    get<Page>(`/api/leads?${new URLSearchParams(filter)}`);

  /** Events are taken in in their order, so what is on its way is known once the last submission is. */
  async function hasCaughtUp(position: number): Promise<boolean> {
    if ((await leads({ limit: "1" })).position < position) return false;
    for (const status of ON_THE_WAY)
      if ((await leads({ status, limit: "1" })).body.items.length > 0) return false;
    return true;
  }

  function watch(): (heads: readonly Observation[]) => Promise<Lag | undefined> {
    const seen: Progress[] = [];
    const heads: Observation[] = [];
    const ending = new AbortController();
    const log = createLog({ level: "silent", name: "bench", instance: "bench" });
    const eventStore = connectEventStore({ url: eventStoreUrl, log });

    async function every(ms: number, look: () => Promise<void>): Promise<void> {
      while (!ending.signal.aborted) {
        // A look that fails says nothing about the lag; the next one will.
        await look().catch(() => {});
        await pause(ms, undefined, { signal: ending.signal }).catch(() => {});
      }
    }

    async function lookAtHead(): Promise<void> {
      const asked = now();
      const position = Number(await eventStore.head());
      heads.push({ at: (asked + now()) / 2, position });
    }

    async function lookAtProgress(): Promise<void> {
      const asked = now();
      const { body } =
        await get<readonly { name: string; position: string; lag: number }[]>("/api/projections");
      const at = (asked + now()) / 2;
      for (const { name, position, lag } of body)
        seen.push({ projection: name, at, position: Number(position), waiting: lag });
    }

    const looking = [every(HEAD_EVERY_MS, lookAtHead), every(PROGRESS_EVERY_MS, lookAtProgress)];
    return async (more) => {
      ending.abort();
      await Promise.all(looking);
      await eventStore.close();
      return worstLag([...heads, ...more], seen);
    };
  }

  return {
    async caughtUp(position) {
      for (const end = now() + CAUGHT_UP_WITHIN_MS; now() < end; await pause(LOOK_MS))
        if (await hasCaughtUp(position)) return now();
      return undefined;
    },
    async delivered({ from, many }) {
      const counts = new Uint8Array(many);
      let cursor: string | undefined;
      do {
        const { body } = await leads({
          status: "delivered",
          limit: `${PAGE}`,
          ...(cursor !== undefined && { cursor }),
        });
        const serials = body.items.map((item) => serialIn(JSON.stringify(item)));
        for (const serial of serials)
          if (serial >= from && serial < from + many)
            counts[serial - from] = (counts[serial - from] ?? 0) + 1;
        // The newest come first, so a page of older ones is the last that matters.
        cursor = serials.some((serial) => serial >= from) ? body.next_cursor : undefined;
      } while (cursor !== undefined);
      return counts;
    },
    watch,
    close: () => pool.close(),
  };
}
