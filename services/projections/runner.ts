// Keeps one projection up to date, and rebuilds it in a second schema when somebody asks or its shape has changed.
import { setTimeout as delay } from "node:timers/promises";
import { every } from "#platform/every.ts";
import { retryUntil } from "#platform/retry.ts";
import { discard, prepare, readCheckpoint, rebuildOf, reportLag, swapIn } from "#projections/checkpoint.ts";
import type { OnSkipped } from "#projections/decoding.ts";
import type { Projection } from "#projections/projection.ts";
import { type Build, startBuild } from "./build.ts";
import { type KeepParts, keepCurrent } from "./keep-current.ts";
import type { WrittenSchema } from "./write.ts";

export interface Runner {
  readonly name: string;
  /** Resolves when the rebuild is noted in the database: whoever runs the projection next goes on with it. */
  rebuild(): Promise<void>;
  close(): Promise<void>;
}

export interface RunnerParts extends KeepParts {
  readonly onLag: (events: number) => void;
  readonly onSkipped: OnSkipped;
}

const REPORT_MS = 1_000;
const BACKOFF = { baseMs: 500, maxMs: 1_000 };
const SWAP_WAIT_MS = 30_000;
const POLL_MS = 5;

/** Why the builds that are under way have to be looked at anew. */
type Turn = "fenced" | "rebuild_wanted" | "caught_up" | "closing";

export function runProjection(projection: Projection, parts: RunnerParts): Runner {
  const { name } = projection;
  const { database, eventStore, log, onLag, onSkipped } = parts;
  const closing = new AbortController();
  let turn = Promise.withResolvers<Turn>();
  let current: Build | undefined;
  const onFenced = (): void => turn.resolve("fenced");

  const opened = async (schema: string): Promise<WrittenSchema> => ({
    name: schema,
    projection,
    checkpoint: await prepare(database, projection, schema),
    onSkipped,
  });

  /** Rows of events that the log does not have (any more) can be read until they are made anew, and not be written on. */
  async function isBeyondLog(schema: string): Promise<boolean> {
    const checkpoint = await readCheckpoint(database, schema);
    if (checkpoint === undefined || checkpoint.position === 0n) return false;
    const head = await eventStore.head();
    if (checkpoint.position <= head) return false;
    const { position } = checkpoint;
    log.error(
      { projection: schema, position, head },
      "read model is ahead of the log, so the log was restored from an older copy: it is rebuilt",
    );
    return true;
  }

  /** Whether a rebuild is to be made or finished. */
  async function wantsRebuild(): Promise<boolean> {
    const { version } = await prepare(database, projection);
    if (await isBeyondLog(rebuildOf(name))) await discard(database, rebuildOf(name));
    if (await isBeyondLog(name)) await prepare(database, projection, rebuildOf(name));
    const rebuild = await readCheckpoint(database, rebuildOf(name));
    if (rebuild !== undefined && rebuild.version !== projection.version)
      await discard(database, rebuildOf(name));
    return rebuild !== undefined || version !== projection.version;
  }

  async function isOutdated(): Promise<boolean> {
    const isOld = (await readCheckpoint(database, name))?.version !== projection.version;
    return isOld || (await isBeyondLog(name));
  }

  /** Until the builds have to be looked at anew. */
  async function onePass(): Promise<void> {
    turn = Promise.withResolvers<Turn>();
    if (closing.signal.aborted) turn.resolve("closing");
    let rebuild: Build | undefined;
    try {
      const rebuilding = await wantsRebuild();
      // What has another shape can still be read, but not written by this code.
      if (!(await isOutdated())) current = keepCurrent(await opened(name), parts, onFenced);
      if (rebuilding) {
        const onCaughtUp = (): void => turn.resolve("caught_up");
        rebuild = startBuild(await opened(rebuildOf(name)), parts, { onFenced, onCaughtUp });
      }
      const why = await turn.promise;
      log.debug({ projection: name, why }, "builds of a projection are looked at anew");
      if (why === "caught_up" && rebuild !== undefined) await swap(rebuild);
    } finally {
      await Promise.all([current?.stop(), rebuild?.stop()]);
      current = undefined;
    }
  }

  /** Only once the new one reaches at least as far as the old one, so that no reader goes back in time. */
  async function swap(rebuild: Build): Promise<void> {
    await current?.stop();
    const wanted = current?.position ?? 0n;
    const deadline = performance.now() + SWAP_WAIT_MS;
    while (rebuild.position < wanted && performance.now() < deadline) await delay(POLL_MS);
    await rebuild.stop();
    if (rebuild.position < wanted) return;
    await swapIn(database, name);
    log.info({ projection: name, position: `${rebuild.position}` }, "projection rebuilt");
  }

  async function run(): Promise<void> {
    while (!closing.signal.aborted)
      await retryUntil(onePass, {
        backoff: BACKOFF,
        signal: closing.signal,
        onFailure: (error) =>
          log.warn({ err: error, projection: name }, "projection broke off and begins again"),
      });
  }

  const running = run();
  const stopReporting = every({
    ms: REPORT_MS,
    async work() {
      if (current === undefined) return;
      const [lag, written] = [await current.lag(), current.position];
      onLag(lag);
      const stored = await reportLag(database, name, lag);
      // Commits are not waited for (see write.ts): a crash of the database takes the last ones back, and no event may come that finds out.
      if (stored === undefined || stored < written) turn.resolve("fenced");
    },
    onError: (error) => log.debug({ err: error, projection: name }, "lag of a projection not reported"),
  });

  return {
    name,
    async rebuild() {
      await prepare(database, projection, rebuildOf(name));
      turn.resolve("rebuild_wanted");
    },
    async close() {
      stopReporting();
      closing.abort();
      turn.resolve("closing");
      await running;
    },
  };
}
