// POST /api/submit, /api/assistance, /api/events.
import type { IncomingMessage } from "node:http";
import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from "fastify";
import type { Kind } from "#domain/submission/events.ts";
import { mediaTypeOf } from "../http/media-type.ts";
import { sendRefusal } from "../http/problem.ts";
import { readBody } from "../http/raw-body.ts";
import { isRefusal, type Refusal, refusal } from "../refusal.ts";
import type { Admission } from "./admission.ts";
import { answerTo, hrefOf } from "./answer.ts";
import { BODY_DEADLINE_MS, MOST_BODY_BYTES } from "./bounds.ts";
import { STRUCTURED_TYPE } from "./cloud-events.ts";
import type { Endings } from "./endings.ts";
import type { Reception } from "./receive.ts";

const paths: Readonly<Record<Kind, string>> = {
  lead: "/api/submit",
  assistance: "/api/assistance",
  event: "/api/events",
};

/** Registered in a context of its own, where a body stays the bytes that were signed. */
export function intakeRoutes(
  reception: Reception,
  endings: Endings,
  admission: Admission,
): FastifyPluginAsync {
  async function submit(kind: Kind, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const body = (request.body ?? Buffer.alloc(0)) as Buffer | Refusal;
    if (isRefusal(body)) return sendRefusal(closing(reply), body);
    const { headers } = request;
    const claimed = headers["x-source"];
    const source = typeof claimed === "string" ? claimed : undefined;
    const result = await reception.receive({ kind, source, headers, body, at: Date.now() });
    if (isRefusal(result)) return sendRefusal(reply, result);
    const { answer, position } = await answerTo(result, headers, endings);
    return reply
      .code(answer.outcome === "accepted" ? 202 : 200)
      .header("x-position", `${position}`)
      .header("location", hrefOf(result))
      .type("application/json")
      .send(JSON.stringify(answer));
  }

  return async (app) => {
    app.removeAllContentTypeParsers();
    // By name as well, since what is found by name is found again without looking.
    app.addContentTypeParser(
      ["application/json", "*"],
      (_request: FastifyRequest, payload: IncomingMessage) =>
        readBody(payload, { mostBytes: MOST_BODY_BYTES, deadlineMs: BODY_DEADLINE_MS }),
    );
    for (const [kind, path] of Object.entries(paths) as [Kind, string][]) {
      const onRequest = async (request: FastifyRequest, reply: FastifyReply): Promise<unknown> => {
        if (!isJson(request)) return sendRefusal(reply, refusal("unsupported_media_type"));
        // Before anything is read or reckoned, so that turning away stays cheap.
        if (!admission.isFull) return;
        await admission.holdBack();
        return sendRefusal(reply, reception.turnAway(kind));
      };
      app.post(path, { onRequest }, (request, reply) => submit(kind, request, reply));
    }
  };
}

function isJson({ headers }: FastifyRequest): boolean {
  const encoding = headers["content-encoding"] ?? "identity";
  const type = mediaTypeOf(headers["content-type"]);
  return encoding === "identity" && (type === "application/json" || type === STRUCTURED_TYPE);
}

/** What is left of a body that was not read would be taken for the next request. */
const closing = (reply: FastifyReply): FastifyReply => reply.header("connection", "close");
