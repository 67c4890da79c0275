// Feeds one yard, as `npm start` runs it, and measures it at every step of the way. What is measured is written at once.
import { existsSync, readFileSync } from "node:fs";
import { loadavg } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { connectDatabase, type Database } from "#platform/database.ts";
import { createLog } from "#platform/log.ts";
import { rounded } from "../docs/machine.ts";
import { writeJson } from "../docs/section.ts";
import { type Bench, startBench } from "../pipeline/bench.ts";
import { usagesOf } from "../pipeline/processes.ts";
import { summary, whole } from "../pipeline/report.ts";
import { measure, WARM_UP } from "../pipeline/round.ts";
import { type RunningYard, startYard } from "../pipeline/yard.ts";
import { diskOf, freeBytes, RESERVE_BYTES, shownBytes } from "./disk.ts";
import type { GrowOptions } from "./options.ts";
import { pagesOf } from "./pages.ts";
import { report } from "./report.ts";
import { memoryOf, noResults, type Results, type Step, withRound } from "./results.ts";
import { takeover } from "./takeover.ts";

const CHUNK = 50_000;
/** Of a step's submissions so many end as dead letters, so that their page has something to show. */
const DEAD_PER_STEP = 1_000;
const DEAD_SHARE = 0.01;
/** Of the newest submissions so many are asked for by their e-mail address and id; older ones by chance. */
const SAMPLE = 1_000;

/** Counting millions takes its time. */
const MAX_STATEMENT_MS = 600_000;

/** Kept in the yard's data folder, for the next run with it. */
interface Progress {
  readonly secret: string;
  /** Serial numbers below it may have been sent. */
  readonly next: number;
  readonly results: Results;
}

/** False if a submission was lost, doubled or wrong, or the disk filled up. */
export async function grow(options: GrowOptions, signal: AbortSignal): Promise<boolean> {
  const bench = await startBench();
  try {
    return await growYard(options, bench, signal);
  } finally {
    await bench.stop();
  }
}

async function growYard(options: GrowOptions, ownBench: Bench, signal: AbortSignal): Promise<boolean> {
  const { submissions, dataDir, note, out } = options;
  const kept = dataDir === undefined ? undefined : join(dataDir, "bench-grow.json");
  const earlier =
    kept !== undefined && existsSync(kept) ? (JSON.parse(readFileSync(kept, "utf8")) as Progress) : undefined;
  const bench = { ...ownBench, secret: earlier?.secret ?? ownBench.secret };
  let results: Results = { ...(earlier?.results ?? noResults(submissions, note)), wanted: submissions };
  let next = earlier?.next ?? 0;
  const yard = await startYard({ ...bench, apart: false, dataDir });
  function take(many: number): number {
    const from = next;
    next += many;
    keep();
    return from;
  }
  function keep(): void {
    if (kept !== undefined) writeJson(kept, { secret: bench.secret, next, results } satisfies Progress);
  }
  const work = untilGrown();
  // It may end while nobody waits for it any more.
  work.catch(() => undefined);
  const stopped = Promise.withResolvers<never>();
  const stop = (): void => stopped.reject(signal.reason);
  signal.addEventListener("abort", stop);
  if (signal.aborted) stop();
  stopped.promise.catch(() => undefined);
  try {
    return await Promise.race([work, stopped.promise]);
  } catch (error) {
    if (!signal.aborted) throw error;
    console.log(`\nstopped at ${whole(results.chunks.at(-1)?.submissions ?? 0)} submissions`);
    return results.exact;
  } finally {
    if (results.chunks.length > 0) report(results, out);
    await yard.stop();
  }

  async function untilGrown(): Promise<boolean> {
    const pages = pagesFor(yard, bench);
    await pages.prepareDeadLetters().finally(() => pages.close());
    let count = await countLeads(yard);
    if (earlier !== undefined) console.log(`goes on at ${whole(count)} submissions`);
    const size = submissions / options.steps;
    for (let n = results.steps.length + 1; n <= options.steps; n += 1) {
      const target = Math.round(size * n);
      const warmUp = Math.min(WARM_UP, Math.ceil(size / 10));
      count += (await send(warmUp)).load.acceptedCount;
      let usages = usagesOf(yard.processTrees());
      while (count < target) {
        if (freeBytes(dataDir) < RESERVE_BYTES) {
          console.error(`stops: less than ${shownBytes(RESERVE_BYTES)} of the disk is free`);
          return false;
        }
        const round = await send(Math.min(CHUNK, target - count));
        if (round.load.acceptedCount === 0) throw new Error("the yard accepts nothing any more");
        count += round.load.acceptedCount;
        usages = round.usages;
        results = withRound(results, round, count);
        keep();
        console.log(`${whole(count)}: ${summary(round)}`);
      }
      const step = await measureStep(count, memoryOf(usages));
      results = { ...results, steps: [...results.steps, step] };
      count = await countLeads(yard);
      keep();
      report(results, out);
      console.log(
        `${whole(step.submissions)}: start ${step.start_s} s, takeover ${step.takeover_s} s; results are in ${out}`,
      );
    }
    return results.exact;
  }

  function send(many: number) {
    return measure(yard, bench, { from: take(many), many, connections: options.connections });
  }

  async function measureStep(count: number, memory_busy: Step["memory_busy"]): Promise<Step> {
    await pause(options.restMs);
    const memory_idle = memoryOf(usagesOf(yard.processTrees()));
    const pages = pagesFor(yard, bench);
    await pages.addDeadLetters(Math.min(DEAD_PER_STEP, Math.ceil(count * DEAD_SHARE)));
    const newest = next - 1;
    const serials = Array.from({ length: SAMPLE }, (_, n) => Math.floor((newest * n) / SAMPLE));
    const times = await pages.measure(serials, options.requests).finally(() => pages.close());
    const disk = await withDatabase(yard, (database) => diskOf(yard.connections.dataDir, database));
    const takeoverS = await takeover(yard, bench, take(1));
    const { startMs } = await yard.restart();
    return {
      submissions: count,
      memory_busy,
      memory_idle,
      disk,
      pages: times,
      takeover_s: rounded(takeoverS, 2),
      start_s: rounded(startMs / 1_000, 2),
      load: rounded(loadavg()[0] ?? 0, 1),
    };
  }
}

const pagesFor = ({ url, connections }: RunningYard, { secret }: Bench) =>
  pagesOf({ url, token: connections.adminToken, secret });

/** Exact also where an earlier run ended in the middle of sending. */
async function countLeads(yard: RunningYard): Promise<number> {
  const [row] = await withDatabase(yard, (database) =>
    database.query<{ count: bigint }>("select count(*) as count from leads.lead"),
  );
  return Number(row?.count ?? 0);
}

/** It may have another address after each start. */
async function withDatabase<Result>(
  { connections }: RunningYard,
  work: (database: Database) => Promise<Result>,
): Promise<Result> {
  const log = createLog({ level: "silent", name: "bench", instance: "bench" });
  const database = connectDatabase({ url: connections.databaseUrl, log, maxStatementMs: MAX_STATEMENT_MS });
  return work(database).finally(() => database.close());
}
