// Who changes context: an admin with a token, or a source that signs its request; the body as it was signed.
import type { FastifyInstance, FastifyRequest } from "fastify";
import { z } from "zod";
import { readJson } from "../http/json-body.ts";
import { describeScope } from "../http/route-schema.ts";
import { authenticate, authenticateRead } from "../intake/signature.ts";
import { claimedSource } from "../intake/sources.ts";
import type { Caller, CallerCheck } from "../reading/caller.ts";
import { isRefusal, Refused, refusal } from "../refusal.ts";

const LIMITS = { depth: 16, values: 2_000 };
const NO_BODY = Buffer.alloc(0);
const callers = new WeakMap<FastifyRequest, Caller>();

export function requireAdminOrSource(
  app: FastifyInstance,
  { isAdmin, sources }: CallerCheck,
  maxBytes: number,
): void {
  describeScope(app, ({ method }) => ({
    security: [{ admin: [] }, { source: [] }],
    headers: z.object({
      "x-source": z.string().optional().meta({ description: "The id of the source that signs" }),
    }),
    refusals: [
      "unauthorized",
      "invalid",
      "unavailable",
      ...(method === "GET" ? [] : (["malformed", "unsupported_media_type", "too_large"] as const)),
    ],
  }));
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(
    "application/json",
    { parseAs: "buffer", bodyLimit: maxBytes },
    async (_request: FastifyRequest, body: Buffer) => body,
  );
  // Once the bytes are there that were signed, and before anything looks into them.
  app.addHook("preValidation", async (request) => {
    const body = Buffer.isBuffer(request.body) ? request.body : NO_BODY;
    const found = callerOf(request, body);
    if (found === undefined) throw new Refused(refusal("unauthorized"));
    callers.set(request, found);
    if (body === NO_BODY) return;
    const object = readJson(body, LIMITS);
    if (isRefusal(object)) throw new Refused(object);
    request.body = object;
  });

  function callerOf({ headers, method, url }: FastifyRequest, body: Buffer): Caller | undefined {
    if (headers.authorization !== undefined)
      return isAdmin(headers.authorization) ? { is: "admin" } : undefined;
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
  if (found === undefined) throw new Error("requireAdminOrSource was not called for this route");
  return found;
}
