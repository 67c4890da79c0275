// Keeps one projection up to date, and rebuilds it in a second schema when somebody asks or its shape has changed.
import { setTimeout as delay } from "node:timers/promises";
import { every } from "#platform/every.ts";
import { retryUntil } from "#platform/retry.ts";
import {
  completeIndexes,
  discard,
  prepare,
  readCheckpoint,
  rebuildOf,
  reportLag,
  reportRate,
  swapIn,
} from "#projections/checkpoint.ts";
import type { Comparison } from "#projections/comparison.ts";
import type { OnSkipped } from "#projections/decoding.ts";
import type { Projection } from "#projections/projection.ts";
import { type Build, startBuild } from "./build.ts";
import { compareBuilds, type Turns } from "./compare-builds.ts";
import { type CurrentBuild, type KeepParts, keepCurrent } from "./keep-current.ts";
import type { ReadLog } from "./shared-reading.ts";
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
  readonly onCompared: (comparison: Comparison) => void;
  /** Of comparing: shared by the projections of the process. */
  readonly turns: Turns;
}

const REPORT_MS = 1_000;
const BACKOFF = { baseMs: 500, maxMs: 1_000 };
const SWAP_WAIT_MS = 30_000;
const POLL_MS = 5;

/** Why the builds that are under way have to be looked at anew. */
type Turn = "fenced" | "rebuild_wanted" | "closing";

/** Either may be replaced by one that goes on where it stopped. */
interface Builds {
  current: CurrentBuild | undefined;
  rebuild: Build | undefined;
}

export function runProjection(projection: Projection, parts: RunnerParts): Runner {
  const { name } = projection;
  const { database, eventStore, log, onLag, onSkipped, onCompared, turns } = parts;
  const closing = new AbortController();
  let turn = Promise.withResolvers<Turn>();
  let running: Builds | undefined;
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
    const ending = new AbortController();
    const builds: Builds = { current: undefined, rebuild: undefined };
    try {
      const rebuilding = await wantsRebuild();
      // What has another shape can still be read, but not written by this code.
      const inUse = (await isOutdated()) ? undefined : await opened(name);
      if (inUse !== undefined) {
        await completeIndexes(database, projection, name, ending.signal);
        builds.current = keepCurrent(inUse, parts, onFenced);
      }
      running = builds;
      const ready = rebuilding ? rebuilt(builds, inUse, ending.signal) : new Promise<never>(() => undefined);
      const why = await Promise.race([turn.promise, ready]);
      log.debug({ projection: name, why }, "builds of a projection are looked at anew");
      if (why === "ready") await swap(builds);
    } finally {
      ending.abort();
      running = undefined;
      await Promise.all([builds.current?.stop(), builds.rebuild?.stop()]);
    }
  }

  async function builtToEnd(
    builds: Builds,
    schema: WrittenSchema,
    from: ReadLog,
    signal: AbortSignal,
  ): Promise<void> {
    // Nobody would stop it any more.
    if (signal.aborted) return;
    const { promise: caughtUp, resolve: onCaughtUp } = Promise.withResolvers<void>();
    builds.rebuild = startBuild(schema, { ...parts, eventStore: from }, { onFenced, onCaughtUp });
    await caughtUp;
  }

  /** Resolves once the rebuild has caught up, has its indexes and, where that can be, is compared. */
  async function rebuilt(
    builds: Builds,
    inUse: WrittenSchema | undefined,
    signal: AbortSignal,
  ): Promise<"ready"> {
    const schema = await opened(rebuildOf(name));
    await builtToEnd(builds, schema, parts.rebuilds, signal);
    await builds.rebuild?.stop();
    if (signal.aborted) return "ready";
    await completeIndexes(database, projection, schema.name, signal);
    await builtToEnd(builds, schema, eventStore, signal);
    if (signal.aborted) return "ready";
    await parts.retire?.(schema.name, signal);
    if (inUse === undefined) return "ready";
    await turns(async () => {
      if (signal.aborted) return;
      await Promise.all([builds.current?.stop(), builds.rebuild?.stop()]);
      const { held, done } = compareBuilds({ inUse, rebuilt: schema }, parts, signal);
      await held;
      if (!signal.aborted) {
        builds.current = keepCurrent(inUse, parts, onFenced);
        builds.rebuild = startBuild(schema, parts, { onFenced });
      }
      await tell(done, signal);
    });
    return "ready";
  }

  /** What can't be compared is swapped in all the same: the log is what counts. */
  async function tell(done: Promise<Comparison | undefined>, signal: AbortSignal): Promise<void> {
    try {
      const comparison = await done;
      if (comparison === undefined) log.warn({ projection: name }, "rebuilt read model not compared");
      else onCompared(comparison);
    } catch (error) {
      if (!signal.aborted) log.error({ err: error, projection: name }, "rebuilt read model not compared");
    }
  }

  /** Only once the new one reaches at least as far as the old one, so that no reader goes back in time. */
  async function swap({ current, rebuild }: Builds): Promise<void> {
    if (rebuild === undefined) return;
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

  const ended = run();
  /** After the end another process may tell it. */
  function tellLag(events: number): void {
    if (!closing.signal.aborted) onLag(events);
  }
  let counted = 0;
  const stopReporting = every({
    ms: REPORT_MS,
    async work() {
      const { current, rebuild } = running ?? {};
      if (rebuild !== undefined) {
        const events = Math.max(0, rebuild.events - counted);
        counted = rebuild.events;
        await reportRate(database, rebuildOf(name), (events * 1_000) / REPORT_MS);
      }
      const head = await eventStore.head();
      if (current === undefined) {
        // Nothing is written to it now: what was shown last would be shown for as long as that takes.
        const stored = await readCheckpoint(database, name);
        tellLag(Math.max(0, Number(head - (stored?.position ?? 0n))));
        return;
      }
      const [lag, written] = [await current.lag(), current.position];
      tellLag(lag);
      const stored = await reportLag(database, name, { lag, head });
      // Commits are not waited for (see write.ts): a crash of the database takes the last ones back, and no event may come that finds out.
      if (stored === undefined || stored < written) onFenced();
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
      await ended;
    },
  };
}
