// Keeps one projection up to date, and rebuilds it beside itself when somebody asks or its shape has changed.
import { setTimeout as delay } from "node:timers/promises";
import type { Database } from "#platform/database.ts";
import type { EventStore } from "#platform/event-store/event-store.ts";
import type { Log } from "#platform/log.ts";
import { besideOf, discard, prepare, readCheckpoint, reportLag, swapIn } from "#projections/checkpoint.ts";
import type { Projection } from "#projections/projection.ts";
import { type Build, startBuild } from "./build.ts";

export interface Runner {
  readonly name: string;
  /** Resolves when the rebuild is noted in the database: whoever runs the projection next goes on with it. */
  rebuild(): Promise<void>;
  close(): Promise<void>;
}

export interface RunnerOptions {
  readonly projection: Projection;
  readonly database: Database;
  readonly eventStore: EventStore;
  readonly log: Log;
  readonly onLag: (events: number) => void;
}

const REPORT_MS = 1_000;
const PATIENCE_MS = 1_000;
const SWAP_WAIT_MS = 30_000;
const POLL_MS = 5;

/** Why the builds that are under way have to be looked at anew. */
type Turn = "fenced" | "rebuild_wanted" | "caught_up" | "closing";

export function runProjection({ projection, database, eventStore, log, onLag }: RunnerOptions): Runner {
  const { name } = projection;
  let turn = Promise.withResolvers<Turn>();
  let current: Build | undefined;
  const closing = new AbortController();

  const start = async (schema: string, onCaughtUp?: () => void): Promise<Build> =>
    startBuild({
      projection,
      schema,
      from: await prepare(database, projection, schema),
      database,
      eventStore,
      onFenced: () => turn.resolve("fenced"),
      ...(onCaughtUp && { onCaughtUp }),
    });

  /** Whether a rebuild is to be made or finished. */
  async function wantsRebuild(): Promise<boolean> {
    const { version } = await prepare(database, projection);
    const beside = await readCheckpoint(database, besideOf(name));
    if (beside !== undefined && beside.version !== projection.version)
      await discard(database, besideOf(name));
    return beside !== undefined || version !== projection.version;
  }

  async function isOutdated(): Promise<boolean> {
    return (await readCheckpoint(database, name))?.version !== projection.version;
  }

  async function onePass(): Promise<void> {
    turn = Promise.withResolvers<Turn>();
    if (closing.signal.aborted) turn.resolve("closing");
    let next: Build | undefined;
    try {
      const rebuilding = await wantsRebuild();
      // What has another shape can still be read, but not written by this code.
      if (!(await isOutdated())) current = await start(name);
      if (rebuilding) next = await start(besideOf(name), () => turn.resolve("caught_up"));
      const why = await turn.promise;
      log.debug({ projection: name, why }, "looking at the builds anew");
      if (why === "caught_up" && next !== undefined) await swap(next);
    } finally {
      await Promise.all([current?.stop(), next?.stop()]);
      current = undefined;
    }
  }

  /** Only once the new one reaches at least as far as the old one, so that no reader goes back in time. */
  async function swap(next: Build): Promise<void> {
    await current?.stop();
    const wanted = current?.position ?? 0n;
    const deadline = performance.now() + SWAP_WAIT_MS;
    while (next.position < wanted && performance.now() < deadline) await delay(POLL_MS);
    await next.stop();
    if (next.position < wanted) return;
    await swapIn(database, name);
    log.info({ projection: name, position: `${next.position}` }, "rebuilt");
  }

  async function report(): Promise<void> {
    if (current === undefined) return;
    const lag = await current.lag();
    onLag(lag);
    await reportLag(database, name, lag);
  }

  async function run(): Promise<void> {
    while (!closing.signal.aborted) {
      try {
        await onePass();
      } catch (error) {
        log.warn({ err: error, projection: name }, "a projection broke off and begins again");
        await delay(PATIENCE_MS, undefined, { signal: closing.signal }).catch(() => {});
      }
    }
  }

  const running = run();
  const reporting = setInterval(() => {
    report().catch((error: unknown) => log.debug({ err: error, projection: name }, "the lag is not known"));
  }, REPORT_MS);

  return {
    name,
    async rebuild() {
      await prepare(database, projection, besideOf(name));
      turn.resolve("rebuild_wanted");
    },
    async close() {
      clearInterval(reporting);
      closing.abort();
      turn.resolve("closing");
      await running;
    },
  };
}
