// The API process of the comparison system: checks signature and schema, adds a job. The job id makes a repeated request harmless.
import { createHash, createSecretKey } from "node:crypto";
import { Queue } from "bullmq";
import { fastify } from "fastify";
import { parseSecret, verify } from "#platform/webhooks.ts";
import { serve } from "../child.ts";
import { PATH, SOURCE } from "../submissions.ts";
import { type Job, QUEUE, readLead } from "./lead.ts";

const MAX_BODY_BYTES = 256 * 1024;

const api = {
  async start({ redisPort, secret }: { redisPort: number; secret: string }): Promise<string> {
    const secrets = [createSecretKey(parseSecret(secret))];
    const queue = new Queue<Job>(QUEUE, {
      connection: { host: "127.0.0.1", port: redisPort },
      defaultJobOptions: {
        attempts: 3,
        backoff: { type: "exponential", delay: 500 },
        removeOnComplete: true,
      },
    });
    const app = fastify({ bodyLimit: MAX_BODY_BYTES });
    app.removeAllContentTypeParsers();
    app.addContentTypeParser(
      "application/json",
      { parseAs: "buffer" },
      async (_request: unknown, body: Buffer) => body,
    );
    app.post(PATH, async ({ headers, body }, reply) => {
      const bytes = body as Buffer;
      const verification = verify(secrets, headers, bytes, Date.now());
      if (headers["x-source"] !== SOURCE || !verification.verified) return reply.code(401).send();
      const lead = readLead(bytes.toString("utf8"));
      if (lead === undefined) return reply.code(400).send();
      const { id: key } = verification;
      const id = createHash("sha256").update(`${SOURCE} ${key}`).digest("hex").slice(0, 32);
      const received_at = new Date().toISOString();
      await queue.add("received", { lead, source: SOURCE, key, received_at }, { jobId: id });
      return reply.code(202).send({ id, outcome: "accepted", href: `/api/leads/${id}` });
    });
    await queue.waitUntilReady();
    return app.listen({ host: "127.0.0.1", port: 0 });
  },
};
export type QueueApi = typeof api;

serve(api);
