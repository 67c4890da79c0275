// POST /api/submit/batch: many submissions as lines of JSON; each line has its response while others still arrive.
import type { IncomingMessage } from "node:http";
import { PassThrough, Readable } from "node:stream";
import type { FastifyPluginAsync, FastifyRequest } from "fastify";
import { mediaTypeOf } from "../http/media-type.ts";
import { sendRefusal } from "../http/problem.ts";
import { refuseQuery } from "../http/route-schema.ts";
import { isRefusal, type Refusal, refusal } from "../refusal.ts";
import { arrivalOf, BatchLine, BatchResponse, keyOf, MAX_LINE_BYTES, responseLine } from "./batch-line.ts";
import { describeIntake, SourceHeader } from "./description.ts";
import type { Arrival, Intake } from "./receive.ts";
import { type Line, splitLines } from "./split-lines.ts";
import type { Receipt } from "./store.ts";

const NDJSON = "application/x-ndjson";
const NDJSON_TYPE = /^application\/(x-ndjson|ndjson|jsonl)$/;
const MAX_LINES = 10_000;
const TOO_MANY_LINES = refusal("too_large", {
  detail: `At most ${MAX_LINES} lines are read at once; send the others in another request`,
});
/** Of one batch, at once; it shares the store with everybody else. */
const MAX_IN_FLIGHT = 128;

export function batchRoutes(intake: Intake): FastifyPluginAsync {
  return async (app) => {
    app.removeAllContentTypeParsers();
    app.addContentTypeParser("*", async (_request: FastifyRequest, payload: IncomingMessage) => payload);
    describeIntake(app, ["unsupported_media_type", "invalid"]);
    const schema = {
      summary: `Submit up to ${MAX_LINES} signed submissions, a line each, with a response line each`,
      headers: SourceHeader,
      body: { content: { [NDJSON]: { schema: BatchLine } } },
      response: { 200: { content: { [NDJSON]: { schema: BatchResponse } } } },
    };
    app.post("/api/submit/batch", { schema }, async (request, reply) => {
      const { "content-type": type, "content-encoding": encoding = "identity" } = request.headers;
      if (!NDJSON_TYPE.test(mediaTypeOf(type) ?? "") || encoding !== "identity")
        return sendRefusal(reply, refusal("unsupported_media_type"));
      const wrong = refuseQuery(request.query);
      if (wrong !== undefined) return sendRefusal(reply, wrong);
      const body = (request.body ?? Readable.from([])) as Readable;
      // The sender may read nothing before it has sent all; responses wait in memory then, which is why lines are limited.
      const responses = new PassThrough();
      responses.on("error", () => undefined);
      const lines = splitLines(body.iterator({ destroyOnReturn: false }), MAX_LINE_BYTES);
      // What is not read as lines is read and dropped: left unread, it would block the next request on this connection.
      void respondToLines(lines, request.headers["x-source"], intake, responses).finally(() => body.resume());
      return reply.type(NDJSON).send(responses);
    });
  };
}

/** Responses come in the order of the lines, each as soon as it and those before it are known. */
async function respondToLines(
  lines: AsyncIterable<Line>,
  source: Arrival["source"],
  intake: Intake,
  responses: PassThrough,
): Promise<void> {
  const inFlight: Promise<void>[] = [];
  let written = Promise.resolve();
  let number = 0;
  try {
    for await (const line of lines) {
      number += 1;
      if (number > MAX_LINES) break;
      if ("text" in line && line.text.toString("latin1").trim() === "") continue;
      const response = receiveLine(number, arrivalOf(line, source), intake);
      written = written.then(async () => void responses.write(await response));
      inFlight.push(written);
      if (inFlight.length >= MAX_IN_FLIGHT) await inFlight.shift();
    }
  } catch {
    // The sender went away or was cut off; the lines that came whole are received all the same.
  }
  await written;
  if (number > MAX_LINES) responses.write(responseLine(number, undefined, TOO_MANY_LINES));
  responses.end();
}

async function receiveLine(number: number, arrival: Arrival | Refusal, intake: Intake): Promise<string> {
  if (isRefusal(arrival)) return responseLine(number, undefined, arrival);
  const result: Receipt | Refusal = await intake.receive(arrival).catch(() => refusal("internal"));
  return responseLine(number, keyOf(arrival), result);
}
