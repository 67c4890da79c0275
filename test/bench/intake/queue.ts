// What one would build instead: Fastify with the same checks, and BullMQ on a Redis that syncs before it answers.
import { createHash, createSecretKey } from "node:crypto";
import { Queue } from "bullmq";
import { fastify } from "fastify";
import { parseSecret, verify } from "#platform/webhooks.ts";
import { readJson } from "../../../services/gateway/http/json-body.ts";
import { checkPayload } from "../../../services/gateway/intake/payload.ts";
import { isRefusal } from "../../../services/gateway/refusal.ts";

const { REDIS_PORT = "6379", SECRET = "" } = process.env;
const secrets = [createSecretKey(parseSecret(SECRET))];
const queue = new Queue("submissions", { connection: { host: "127.0.0.1", port: Number(REDIS_PORT) } });
const app = fastify({ bodyLimit: 256 * 1024 });
app.removeAllContentTypeParsers();
app.addContentTypeParser(
  "application/json",
  { parseAs: "buffer" },
  async (_request: unknown, body: Buffer) => body,
);

app.post("/api/submit", async ({ headers, body }, reply) => {
  const verdict = verify(secrets, headers, body as Buffer, Date.now());
  if (!verdict.verified) return reply.code(401).send();
  const object = readJson(body as Buffer);
  const checked = isRefusal(object) ? object : checkPayload("lead", object);
  if (isRefusal(checked)) return reply.code(400).send();
  const id = createHash("sha256").update(`demo ${verdict.id}`).digest("hex").slice(0, 32);
  // A job's id is what tells a repeat here.
  await queue.add(
    "received",
    { ...checked, source: "demo", received_at: new Date().toISOString() },
    { jobId: id },
  );
  return reply.code(202).send({ id, outcome: "accepted", href: `/api/leads/${id}` });
});
await queue.waitUntilReady();
console.log(`ready on ${await app.listen({ host: "127.0.0.1", port: 0 })}`);
