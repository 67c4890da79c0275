// One route for each kind of submission.
import type { IncomingMessage } from "node:http";
import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from "fastify";
import type { Kind } from "#domain/submission/events.ts";
import { mediaTypeOf } from "../http/media-type.ts";
import { sendRefusal } from "../http/problem.ts";
import { readBody } from "../http/raw-body.ts";
import { refuseQuery } from "../http/route-schema.ts";
import { isRefusal, type Refusal, type RefusalReason, refusal } from "../refusal.ts";
import { CloudEvent, STRUCTURED_TYPE } from "./cloud-events.ts";
import { describeIntake, IntakeHeaders } from "./description.ts";
import { allKinds } from "./kinds/kinds.ts";
import { BODY_DEADLINE_MS, MAX_BODY_BYTES } from "./limits.ts";
import type { Outcomes } from "./outcomes.ts";
import type { Intake } from "./receive.ts";
import { Accepted, accepted, Ended, respond } from "./response.ts";
import type { WaitingLine } from "./waiting-line.ts";

const REFUSALS: readonly RefusalReason[] = [
  "malformed",
  "invalid",
  "unsupported_media_type",
  "too_large",
  "unauthenticated",
  "kind_not_allowed",
  "too_slow",
  "in_flight",
  "key_reused",
  "rate_limited",
  "unavailable",
  "overloaded",
];

const OVERLOADED = refusal("overloaded", { retryAfterS: 1 });

/** Registered in a context of its own, where a body stays the bytes that were signed. */
export function intakeRoutes(intake: Intake, outcomes: Outcomes, line: WaitingLine): FastifyPluginAsync {
  const inside = new WeakSet<FastifyRequest>();
  const leave = (request: FastifyRequest): void => {
    if (inside.delete(request)) line.leave();
  };

  async function submit(kind: Kind, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const body = (request.body ?? Buffer.alloc(0)) as Buffer | Refusal;
    const { headers } = request;
    const source = headers["x-source"];
    // What is left of a body that was not read would be taken for the next request.
    if (isRefusal(body))
      return sendRefusal(reply.header("connection", "close"), intake.refuse({ source, kind }, body));
    const wrong = refuseQuery(request.query);
    const began = performance.now() - reply.elapsedTime;
    const result = await intake.receive({ kind, source, headers, body, at: Date.now(), began, wrong });
    // Who waits for the outcome waits outside.
    leave(request);
    if (isRefusal(result)) return sendRefusal(reply, result);
    const { body: answer, position } = await respond(result, headers, outcomes);
    return reply
      .code(answer.outcome === "accepted" ? 202 : 200)
      .header("x-position", `${position}`)
      .header("location", accepted(result).href)
      .type("application/json")
      .send(JSON.stringify(answer));
  }

  return async (app) => {
    app.removeAllContentTypeParsers();
    // By name as well, since what is found by name is found again without looking.
    app.addContentTypeParser(
      ["application/json", "*"],
      (_request: FastifyRequest, payload: IncomingMessage) =>
        readBody(payload, { maxBytes: MAX_BODY_BYTES, deadlineMs: BODY_DEADLINE_MS }),
    );
    describeIntake(app, REFUSALS);
    app.addHook("onResponse", async (request) => leave(request));
    app.addHook("onRequestAbort", async (request) => leave(request));
    for (const { kind, path, summary, body } of allKinds) {
      const schema = {
        summary,
        headers: IntakeHeaders,
        body: {
          content: { "application/json": { schema: body }, [STRUCTURED_TYPE]: { schema: CloudEvent } },
        },
        response: { 200: Ended, 202: Accepted },
        position: true,
      };
      const onRequest = async (request: FastifyRequest, reply: FastifyReply): Promise<unknown> => {
        const source = request.headers["x-source"];
        if (!isJson(request))
          return sendRefusal(reply, intake.refuse({ source, kind }, refusal("unsupported_media_type")));
        // Before anything is read or computed, so that waiting and being refused stay cheap.
        const mayEnter = line.enter(`${source}`);
        if (mayEnter === true || (await mayEnter)) inside.add(request);
        // Of who gave up while it waited nothing is told any more: neither that it ends, nor that it was aborted.
        if (request.raw.destroyed) leave(request);
        if (!inside.has(request)) return sendRefusal(reply, intake.refuse({ source, kind }, OVERLOADED));
      };
      app.post(path, { onRequest, schema }, (request, reply) => submit(kind, request, reply));
    }
  };
}

function isJson({ headers }: FastifyRequest): boolean {
  const encoding = headers["content-encoding"] ?? "identity";
  const type = mediaTypeOf(headers["content-type"]);
  return encoding === "identity" && (type === "application/json" || type === STRUCTURED_TYPE);
}
