// The queue's worker: who it is, where it goes, whether it went there already, and the call. With a history, each step is written first.
import { randomUUID } from "node:crypto";
import { type Job as BullJob, Worker } from "bullmq";
import { Redis } from "ioredis";
import { Pool } from "undici";
import { serve } from "../child.ts";
import { PARTNERS, type Partner, partnerFor } from "../submissions.ts";
import { type History, openHistory } from "./history.ts";
import { type Job, QUEUE } from "./lead.ts";
import { createIdentify } from "./people.ts";

interface WorkerParams {
  readonly redisPort: number;
  readonly partnersUrl: string;
  readonly concurrency: number;
  /** Where a history is kept, if at all. */
  readonly databaseUrl: string | undefined;
}

const NO_HISTORY: History = { begin: async () => {}, step: async () => {} };

function createWork({ redisPort, partnersUrl, concurrency, databaseUrl }: WorkerParams) {
  const redis = new Redis({ host: "127.0.0.1", port: redisPort, enableAutoPipelining: true });
  const identify = createIdentify(redis);
  const history = databaseUrl === undefined ? NO_HISTORY : openHistory(databaseUrl);
  const pools = new Map(PARTNERS.map((id) => [id, new Pool(partnersUrl, { connections: concurrency })]));

  /** False where another job has claimed the same; the same job may claim again after a crash. */
  async function claim(id: string, partner: Partner, person: string, key: string): Promise<boolean> {
    const owner = await redis.set(`sent:${partner}:${person}:lead:${key}`, id, "NX", "GET");
    return owner === null || owner === id;
  }

  async function deliver(id: string, partner: Partner, person: string, job: Job): Promise<number> {
    const { lead, source, received_at } = job;
    const delivery = `${id}-${partner}`;
    const ids = { id, delivery_id: delivery, kind: "lead", source, received_at, person_id: person };
    const answer = await pools.get(partner)?.request({
      method: "POST",
      path: `/partners/${partner}`,
      headers: {
        "content-type": "application/json",
        "webhook-id": delivery,
        "webhook-timestamp": `${Math.floor(Date.now() / 1000)}`,
        "idempotency-key": delivery,
        traceparent: `00-${randomUUID().replaceAll("-", "")}-${delivery.slice(0, 16)}-01`,
      },
      body: JSON.stringify({ ...ids, ...lead }),
    });
    await answer?.body.text();
    const status = answer?.statusCode ?? 0;
    if (status < 200 || status > 299) throw new Error(`${partner} answered ${status}`);
    return status;
  }

  return async ({ id = "", data, attemptsMade }: BullJob<Job>): Promise<void> => {
    await history.begin(id, data);
    const person = await identify(data.lead);
    await history.step(id, 1, { status: "identified", person });
    const partner = partnerFor(data.lead.amount);
    if (partner === undefined) return history.step(id, 2, { status: "unrouted" });
    await history.step(id, 2, { status: "routed", partner });
    const attempt = 3 + 2 * attemptsMade;
    if (!(await claim(id, partner, person, data.key)))
      return history.step(id, attempt, { status: "duplicate" });
    await history.step(id, attempt, { status: "delivering" });
    const status = await deliver(id, partner, person, data);
    await history.step(id, attempt + 1, { status: "delivered", data: { status } });
  };
}

const api = {
  async start(params: WorkerParams): Promise<void> {
    const worker = new Worker<Job>(QUEUE, createWork(params), {
      connection: { host: "127.0.0.1", port: params.redisPort },
      concurrency: params.concurrency,
    });
    worker.on("failed", (_job, error) => console.error(`the queue's worker: ${error.message}`));
    await worker.waitUntilReady();
  },
};
export type WorkerApi = typeof api;

serve(api);
