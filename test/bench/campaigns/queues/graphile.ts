// graphile-worker in a process of its own: jobs are rows of PostgreSQL, taken many at a time.
import { Logger, makeWorkerUtils, type Runner, run, type WorkerUtils } from "graphile-worker";
import { Pool } from "pg";
import { serve } from "../../pipeline/child.ts";
import { type Member, membersOf } from "../members.ts";
import { sender } from "./send.ts";

interface GraphileParams {
  readonly databaseUrl: string;
  readonly providerUrl: string;
  readonly workers: number;
}

/** In one statement. */
const CHUNK = 5_000;
const TASK = "send";
/** It logs each job, which would cost more than the job. */
const logger = new Logger(() => (level, message) => {
  if (level === "error" || level === "warning") console.error(message);
});

let params: GraphileParams;
let utils: WorkerUtils;
let database: Pool;
let runner: Runner | undefined;

const api = {
  async start(given: GraphileParams): Promise<void> {
    params = given;
    utils = await makeWorkerUtils({ connectionString: params.databaseUrl, logger });
    await utils.migrate();
    database = new Pool({ connectionString: params.databaseUrl, max: 1 });
  },
  /** A job's key is what tells a repeat. Resolves with the milliseconds, once all are committed. */
  async create({ batch, count }: { readonly batch: string; readonly count: number }): Promise<number> {
    const members = membersOf(count);
    const began = performance.now();
    for (let from = 0; from < count; from += CHUNK)
      await utils.addJobs(
        members.slice(from, from + CHUNK).map((payload) => ({
          identifier: TASK,
          payload,
          jobKey: `${batch}:${payload.email}`,
        })),
      );
    return performance.now() - began;
  },
  async begin(): Promise<void> {
    const { databaseUrl, providerUrl, workers } = params;
    const send = sender(providerUrl, workers);
    runner ??= await run({
      preset: {
        worker: {
          connectionString: databaseUrl,
          logger,
          concurrentJobs: workers,
          maxPoolSize: workers + 2,
          // As its documentation advises for throughput.
          localQueue: { size: 500 },
          completeJobBatchDelay: 0,
          failJobBatchDelay: 0,
        },
      },
      noHandleSignals: true,
      taskList: { [TASK]: (payload, { job }) => send(job.key ?? "", payload as Member) },
    });
  },
  /** Its rows are deleted when they are done. */
  async left(): Promise<number> {
    const { rows } = await database.query<{ left: number }>(
      "select count(*)::int as left from graphile_worker.jobs",
    );
    return rows[0]?.left ?? 0;
  },
  async rest(): Promise<void> {
    await runner?.stop();
    runner = undefined;
  },
};
export type GraphileApi = typeof api;

serve(api);
