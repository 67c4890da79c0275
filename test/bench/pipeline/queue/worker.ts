// The worker process of the comparison system: identify, route, deduplicate, deliver. With a history, each step is committed before the next.
import { randomUUID } from "node:crypto";
import { type Job as QueuedJob, Worker } from "bullmq";
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
  /** Undefined: no history. */
  readonly databaseUrl: string | undefined;
}

const NO_HISTORY: History = { begin: async () => {}, step: async () => {} };
const STEPS_PER_ATTEMPT = 2;

function createProcessor({ redisPort, partnersUrl, concurrency, databaseUrl }: WorkerParams) {
  const redis = new Redis({ host: "127.0.0.1", port: redisPort, enableAutoPipelining: true });
  const identify = createIdentify(redis);
  const history = databaseUrl === undefined ? NO_HISTORY : openHistory(databaseUrl);
  const pools = new Map(PARTNERS.map((id) => [id, new Pool(partnersUrl, { connections: concurrency })]));

  /** False if another job has delivered the same. The same job may claim again after a crash. */
  async function claim(id: string, partner: Partner, person: string, key: string): Promise<boolean> {
    const owner = await redis.set(`sent:${partner}:${person}:lead:${key}`, id, "NX", "GET");
    return owner === null || owner === id;
  }

  async function deliver(id: string, partner: Partner, person: string, job: Job): Promise<number> {
    const { lead, source, received_at } = job;
    const delivery = `${id}-${partner}`;
    const ids = { id, delivery_id: delivery, kind: "lead", source, received_at, person_id: person };
    const response = await pools.get(partner)?.request({
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
    await response?.body.text();
    const status = response?.statusCode ?? 0;
    if (status < 200 || status > 299) throw new Error(`${partner} responded with ${status}`);
    return status;
  }

  return async ({ id = "", data, attemptsMade }: QueuedJob<Job>): Promise<void> => {
    await history.begin(id, data);
    const person = await identify(data.lead);
    await history.step(id, 1, { status: "identified", person });
    const partner = partnerFor(data.lead.amount);
    if (partner === undefined) return history.step(id, 2, { status: "unrouted" });
    await history.step(id, 2, { status: "routed", partner });
    const number = 3 + STEPS_PER_ATTEMPT * attemptsMade;
    if (!(await claim(id, partner, person, data.key)))
      return history.step(id, number, { status: "duplicate" });
    await history.step(id, number, { status: "delivering" });
    const status = await deliver(id, partner, person, data);
    await history.step(id, number + 1, { status: "delivered", data: { status } });
  };
}

const api = {
  async start(params: WorkerParams): Promise<void> {
    const worker = new Worker<Job>(QUEUE, createProcessor(params), {
      connection: { host: "127.0.0.1", port: params.redisPort },
      concurrency: params.concurrency,
    });
    worker.on("failed", (_job, error) => console.error(`job failed: ${error.message}`));
    await worker.waitUntilReady();
  },
};
export type WorkerApi = typeof api;

serve(api);
