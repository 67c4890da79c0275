// POST /api/submit, /api/assistance, /api/events.
import type { IncomingMessage } from "node:http";
import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from "fastify";
import type { Kind } from "#domain/submission/events.ts";
import { sendRefusal } from "../http/problem.ts";
import { readBody } from "../http/raw-body.ts";
import { isRefusal, type Refusal, refusal } from "../refusal.ts";
import type { Reception } from "./receive.ts";
import type { Receipt } from "./store.ts";

export const MOST_BODY_BYTES = 256 * 1024;
const BODY_DEADLINE_MS = 10_000;

const paths: Readonly<Record<Kind, string>> = {
  lead: "/api/submit",
  assistance: "/api/assistance",
  event: "/api/events",
};

const JSON_TYPE = /^application\/json *(; *charset=("?)utf-8\2 *)?$/i;

export interface Accepted {
  readonly id: string;
  readonly outcome: "accepted";
  readonly href: string;
  readonly duplicate?: true;
}

export function accepted({ id, duplicate }: Receipt): Accepted {
  return { id, outcome: "accepted", href: `/api/leads/${id}`, ...(duplicate && { duplicate }) };
}

/** Registered in a context of its own, where a body stays the bytes that were signed. */
export function intakeRoutes(reception: Reception): FastifyPluginAsync {
  return async (app) => {
    app.removeAllContentTypeParsers();
    app.addContentTypeParser("*", (_request: FastifyRequest, payload: IncomingMessage) =>
      readBody(payload, { mostBytes: MOST_BODY_BYTES, deadlineMs: BODY_DEADLINE_MS }),
    );
    app.addHook("onRequest", async (request, reply) => {
      if (!isJson(request)) return sendRefusal(reply, refusal("unsupported_media_type"));
    });
    for (const [kind, path] of Object.entries(paths) as [Kind, string][]) {
      app.post(path, (request, reply) => submit(reception, kind, request, reply));
    }
  };
}

function isJson({ headers }: FastifyRequest): boolean {
  const encoding = headers["content-encoding"] ?? "identity";
  return encoding === "identity" && JSON_TYPE.test(headers["content-type"] ?? "");
}

async function submit(
  reception: Reception,
  kind: Kind,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const body = (request.body ?? Buffer.alloc(0)) as Buffer | Refusal;
  if (isRefusal(body)) return sendRefusal(closing(reply), body);
  const { headers } = request;
  const source = headers["x-source"];
  const result = await reception.receive({
    kind,
    source: typeof source === "string" ? source : undefined,
    headers,
    body,
    at: Date.now(),
  });
  if (isRefusal(result)) return sendRefusal(reply, result);
  const answer = accepted(result);
  return reply
    .code(202)
    .header("x-position", `${result.position}`)
    .header("location", answer.href)
    .type("application/json")
    .send(JSON.stringify(answer));
}

/** What is left of a body that was not read would be taken for the next request. */
const closing = (reply: FastifyReply): FastifyReply => reply.header("connection", "close");
