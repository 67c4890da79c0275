// The least that a gateway could do: Fastify reads JSON and says 202. Nothing is checked, nothing is kept.
import { fastify } from "fastify";

const app = fastify();
app.post("/api/submit", (_request, reply) => reply.code(202).send({ outcome: "accepted" }));
console.log(`ready on ${await app.listen({ host: "127.0.0.1", port: 0 })}`);
