// POST /api/submit/batch: many submissions as lines of JSON, answered line by line while they still come in.
import type { IncomingMessage } from "node:http";
import { PassThrough, Readable } from "node:stream";
import type { FastifyPluginAsync, FastifyRequest } from "fastify";
import { mediaTypeOf } from "../http/media-type.ts";
import { sendRefusal } from "../http/problem.ts";
import { isRefusal, type Refusal, refusal } from "../refusal.ts";
import { answerLine, arrivalOf, keyOf, MOST_LINE_BYTES } from "./batch-line.ts";
import { linesOf } from "./lines.ts";
import type { Arrival, Reception } from "./receive.ts";
import type { Receipt } from "./store.ts";

const NDJSON = "application/x-ndjson";
const MOST_LINES = 10_000;
const NDJSON_TYPE = /^application\/(x-ndjson|ndjson|jsonl)$/;
/** So many submissions of one bulk request are on their way at once; it shares the store with everybody else. */
const AT_ONCE = 128;

export function batchRoutes(reception: Reception): FastifyPluginAsync {
  return async (app) => {
    app.removeAllContentTypeParsers();
    app.addContentTypeParser("*", async (_request: FastifyRequest, payload: IncomingMessage) => payload);
    app.post("/api/submit/batch", async (request, reply) => {
      const { "content-type": type, "content-encoding": encoding = "identity" } = request.headers;
      if (!NDJSON_TYPE.test(mediaTypeOf(type) ?? "") || encoding !== "identity")
        return sendRefusal(reply, refusal("unsupported_media_type"));
      const claimed = request.headers["x-source"];
      const body = (request.body ?? Readable.from([])) as Readable;
      // The sender may read nothing before it has sent all; answers wait in memory then, and there is a limit of lines.
      const answers = new PassThrough();
      answers.on("error", () => undefined);
      const source = typeof claimed === "string" ? claimed : undefined;
      // What is not read as lines is read and dropped: left lying, it would block whatever comes next on this connection.
      void answerLines(bodyLines(body), source, reception, answers).finally(() => body.resume());
      return reply.type(NDJSON).send(answers);
    });
  };
}

const bodyLines = (body: Readable): ReturnType<typeof linesOf> =>
  linesOf(body.iterator({ destroyOnReturn: false }), MOST_LINE_BYTES);

type Numbered = readonly [number: number, key: string | undefined, result: Receipt | Refusal];

/** Answers stand in the order of the lines, each as soon as it and those before it are known. */
async function answerLines(
  lines: ReturnType<typeof linesOf>,
  source: string | undefined,
  reception: Reception,
  answers: PassThrough,
): Promise<void> {
  const underWay: Promise<void>[] = [];
  let written = Promise.resolve();
  let number = 0;
  try {
    for await (const line of lines) {
      number += 1;
      if (number > MOST_LINES) break;
      if ("text" in line && line.text.toString("latin1").trim() === "") continue;
      const taken = takeIn(number, arrivalOf(line, source), reception);
      written = written.then(async () => void answers.write(answerLine(...(await taken))));
      underWay.push(written);
      if (underWay.length >= AT_ONCE) await underWay.shift();
    }
  } catch {
    // The sender went away, or was cut off; what has come is answered all the same.
  }
  await written;
  if (number > MOST_LINES)
    answers.write(
      answerLine(number, undefined, refusal("too_large", { detail: `At most ${MOST_LINES} lines at once` })),
    );
  answers.end();
}

async function takeIn(number: number, arrival: Arrival | Refusal, reception: Reception): Promise<Numbered> {
  if (isRefusal(arrival)) return [number, undefined, arrival];
  const result = await reception.receive(arrival).catch(() => refusal("internal"));
  return [number, keyOf(arrival), result];
}
