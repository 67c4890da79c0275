// Who may read: the admin everything, a source what it has sent.
import type { FastifyInstance, FastifyRequest } from "fastify";
import { z } from "zod";
import type { SourceId } from "#domain/ids.ts";
import type { BearerCheck } from "#platform/bearer.ts";
import { sendRefusal } from "../http/problem.ts";
import { describeScope } from "../http/route-schema.ts";
import { authenticateRead } from "../intake/signature.ts";
import { claimedSource, type KnownSources } from "../intake/sources.ts";
import { refusal } from "../refusal.ts";

export type Caller = { readonly is: "admin" } | { readonly is: "source"; readonly source: SourceId };

export interface CallerCheck {
  readonly isAdmin: BearerCheck;
  readonly sources: () => KnownSources;
}

const callers = new WeakMap<FastifyRequest, Caller>();

export function requireCaller(app: FastifyInstance, check: CallerCheck): void {
  describeScope(app, () => ({
    tags: ["Reading"],
    security: [{ admin: [] }, { source: [] }],
    headers: z.object({
      "x-source": z.string().optional().meta({ description: "The id of the source that signs" }),
    }),
    refusals: ["unauthorized", "invalid", "not_found", "unavailable"],
  }));
  app.addHook("onRequest", async (request, reply) => {
    const found = callerOf(request, check);
    if (found === undefined) return sendRefusal(reply, refusal("unauthorized"));
    callers.set(request, found);
  });
}

export function caller(request: FastifyRequest): Caller {
  const found = callers.get(request);
  if (found === undefined) throw new Error("requireCaller was not called for this route");
  return found;
}

function callerOf(request: FastifyRequest, { isAdmin, sources }: CallerCheck): Caller | undefined {
  const { headers, method, originalUrl: url } = request;
  if (headers.authorization !== undefined)
    return isAdmin(headers.authorization) ? { is: "admin" } : undefined;
  const source = claimedSource(sources(), headers["x-source"]);
  const sender = authenticateRead(source, { headers, method, url }, Date.now());
  return sender && { is: "source", source: sender.source.id };
}
