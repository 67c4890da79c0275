// Who changes context: people and programs whose role allows it, or a source that signs its request; the body as it was signed.
import type { FastifyInstance, FastifyRequest } from "fastify";
import { z } from "zod";
import { BY_PERSON, demand, describeGuard, identified, neededFor } from "../access/guard.ts";
import { maskPersonalData } from "../access/personal.ts";
import { readJson } from "../http/json-body.ts";
import { describeScope } from "../http/route-schema.ts";
import { authenticate, authenticateRead } from "../intake/signature.ts";
import { claimedSource } from "../intake/sources.ts";
import { type Caller, type CallerCheck, isSigned } from "../reading/caller.ts";
import { isRefusal, Refused, refusal } from "../refusal.ts";

const LIMITS = { depth: 16, values: 2_000 };
const NO_BODY = Buffer.alloc(0);
const callers = new WeakMap<FastifyRequest, Caller>();

export function requirePersonOrSource(
  app: FastifyInstance,
  { access, sources }: CallerCheck,
  maxBytes: number,
): void {
  describeScope(app, ({ method }) => ({
    security: [...BY_PERSON, { source: [] }],
    headers: z.object({
      "x-source": z.string().optional().meta({ description: "The id of the source that signs" }),
    }),
    refusals: [
      "invalid",
      "unavailable",
      ...(method === "GET" ? [] : (["malformed", "unsupported_media_type", "too_large"] as const)),
    ],
  }));
  describeScope(app, describeGuard);
  maskPersonalData(app, access.recorder);
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(
    "application/json",
    { parseAs: "buffer", bodyLimit: maxBytes },
    async (_request: FastifyRequest, body: Buffer) => body,
  );
  // Once the bytes are there that were signed, and before anything looks into them.
  app.addHook("preValidation", async (request) => {
    const body = Buffer.isBuffer(request.body) ? request.body : NO_BODY;
    const found = await callerOf(request, body);
    if (found === undefined) throw new Refused(refusal("unauthorized"));
    if (found.is === "person") demand(found, neededFor(request));
    callers.set(request, found);
    if (body === NO_BODY) return;
    const object = readJson(body, LIMITS);
    if (isRefusal(object)) throw new Refused(object);
    request.body = object;
  });

  async function callerOf(request: FastifyRequest, body: Buffer): Promise<Caller | undefined> {
    const { headers, method, url } = request;
    if (!isSigned(headers)) return identified(request, access.identify);
    const source = claimedSource(sources(), headers["x-source"]);
    const sender =
      body === NO_BODY
        ? authenticateRead(source, { headers, method, url }, Date.now())
        : authenticate(source, { headers, body }, Date.now());
    return sender && { is: "source", source: sender.source.id };
  }
}

export function callerFrom(request: FastifyRequest): Caller {
  const found = callers.get(request);
  if (found === undefined) throw new Error("requirePersonOrSource was not called for this route");
  return found;
}
