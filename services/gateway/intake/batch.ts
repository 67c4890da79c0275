// POST /api/submit/batch: many submissions as lines of JSON; each line has its response while others still arrive.
import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { Readable } from "node:stream";
import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from "fastify";
import { mediaTypeOf } from "../http/media-type.ts";
import { sendRefusal } from "../http/problem.ts";
import { refuseQuery } from "../http/route-schema.ts";
import { refusal } from "../refusal.ts";
import { type Batch, batchAnswers, MAX_LINES } from "./batch-answers.ts";
import { createBatchBudget } from "./batch-budget.ts";
import { BatchLine, BatchResponse } from "./batch-line.ts";
import { describeIntake, SourceHeader } from "./description.ts";
import type { Intake } from "./receive.ts";

const NDJSON = "application/x-ndjson";
const NDJSON_TYPE = /^application\/(x-ndjson|ndjson|jsonl)$/;
/** Without a line of the answer being read. */
const MAX_UNREAD_MS = 10_000;
const CLOSING_MS = 1_000;
const TOO_MANY_BATCHES = refusal("overloaded", {
  detail: "Too many batches are under way, of your address or of all; send this one again after retry-after",
  retryAfterS: 1,
});

export function batchRoutes(intake: Intake, budget = createBatchBudget()): FastifyPluginAsync {
  return async (app) => {
    app.removeAllContentTypeParsers();
    app.addContentTypeParser("*", async (_request: FastifyRequest, payload: IncomingMessage) => payload);
    describeIntake(app, ["unsupported_media_type", "invalid", "overloaded"]);
    const schema = {
      summary: `Submit up to ${MAX_LINES} signed submissions, a line each, with a response line each`,
      // Lines may name it themselves.
      headers: SourceHeader.partial(),
      body: { content: { [NDJSON]: { schema: BatchLine } } },
      response: { 200: { content: { [NDJSON]: { schema: BatchResponse } } } },
    };
    app.post("/api/submit/batch", { schema }, async (request, reply) => {
      const { "content-type": type, "content-encoding": encoding = "identity" } = request.headers;
      if (!NDJSON_TYPE.test(mediaTypeOf(type) ?? "") || encoding !== "identity")
        return sendRefusal(reply, refusal("unsupported_media_type"));
      const wrong = refuseQuery(request.query);
      if (wrong !== undefined) return sendRefusal(reply, wrong);
      const share = budget.enter(request.ip);
      if (share === undefined) return sendRefusal(reply.header("connection", "close"), TOO_MANY_BATCHES);
      reply.raw.once("close", () => share.leave());
      const body = (request.body ?? Readable.from([])) as Readable;
      const batch = { body, source: request.headers["x-source"], share, intake };
      return reply.type(NDJSON).send(Readable.from(answered(batch, request, reply)));
    });
  };
}

/**
 * Who never reads the answers is cut off, and who is told to end is let go: what he may still send would hold up nobody but us.
 */
async function* answered(batch: Batch, request: FastifyRequest, reply: FastifyReply): AsyncGenerator<string> {
  const { socket } = request.raw;
  const answers = batchAnswers(batch);
  for (;;) {
    const next = await answers.next();
    if (next.done === true) {
      // What is not read as lines is read and dropped: left unread, it would block the next request on this connection.
      if (next.value) batch.body.resume();
      else reply.raw.once("finish", () => closeSoon(socket));
      return;
    }
    const unread = setTimeout(() => socket.destroy(), MAX_UNREAD_MS);
    try {
      yield next.value;
    } finally {
      clearTimeout(unread);
    }
  }
}

function closeSoon(socket: Socket): void {
  socket.end();
  setTimeout(() => socket.destroy(), CLOSING_MS).unref();
}
