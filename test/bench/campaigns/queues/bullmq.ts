// BullMQ in a process of its own: jobs are keys of Redis.
import { Queue, Worker } from "bullmq";
import { serve } from "../../pipeline/child.ts";
import { type Member, membersOf } from "../members.ts";
import { sender } from "./send.ts";

interface BullmqParams {
  readonly redisPort: number;
  readonly providerUrl: string;
  readonly workers: number;
}

/** In one transaction. */
const CHUNK = 5_000;
const NAME = "members";

let params: BullmqParams;
let queue: Queue<Member>;
let worker: Worker<Member> | undefined;
const connection = () => ({ host: "127.0.0.1", port: params.redisPort });

const api = {
  async start(given: BullmqParams): Promise<void> {
    params = given;
    queue = new Queue<Member>(NAME, {
      connection: connection(),
      defaultJobOptions: {
        attempts: 3,
        backoff: { type: "exponential", delay: 500 },
        removeOnComplete: true,
      },
    });
    await queue.waitUntilReady();
  },
  /** A job's id is what tells a repeat. Resolves with the milliseconds, once all are on disk. */
  async create({ batch, count }: { readonly batch: string; readonly count: number }): Promise<number> {
    const members = membersOf(count);
    const began = performance.now();
    for (let from = 0; from < count; from += CHUNK)
      await queue.addBulk(
        members.slice(from, from + CHUNK).map((data) => ({
          name: "send",
          data,
          opts: { jobId: `${batch} ${data.email}` },
        })),
      );
    return performance.now() - began;
  },
  async begin(): Promise<void> {
    const { providerUrl, workers } = params;
    const send = sender(providerUrl, workers);
    worker ??= new Worker<Member>(NAME, ({ id = "", data }) => send(id, data), {
      connection: connection(),
      concurrency: workers,
    });
    worker.on("failed", (_job, error) => console.error(`job failed: ${error.message}`));
    await worker.waitUntilReady();
  },
  left: async (): Promise<number> => queue.getJobCountByTypes("waiting", "active", "delayed", "failed"),
  async rest(): Promise<void> {
    await worker?.close();
    worker = undefined;
  },
};
export type BullmqApi = typeof api;

serve(api);
