// Who may read leads: people and programs as their role allows, a source what it has sent.
import type { FastifyInstance, FastifyRequest } from "fastify";
import { z } from "zod";
import type { SourceId } from "#domain/ids.ts";
import type { Access } from "../access/access.ts";
import { BY_PERSON, demand, describeGuard, identified, neededFor } from "../access/guard.ts";
import type { Person } from "../access/person.ts";
import { maskPersonalData } from "../access/personal.ts";
import { describeScope } from "../http/route-schema.ts";
import { authenticateRead } from "../intake/signature.ts";
import { claimedSource, type KnownSources } from "../intake/sources.ts";
import { Refused, refusal } from "../refusal.ts";

export type Caller = Person | { readonly is: "source"; readonly source: SourceId };

export interface CallerCheck {
  readonly access: Access;
  readonly sources: () => KnownSources;
}

const callers = new WeakMap<FastifyRequest, Caller>();

export function requireCaller(app: FastifyInstance, check: CallerCheck): void {
  describeScope(app, () => ({
    tags: ["Reading"],
    security: [...BY_PERSON, { source: [] }],
    headers: z.object({
      "x-source": z.string().optional().meta({ description: "The id of the source that signs" }),
    }),
    refusals: ["invalid", "not_found", "unavailable"],
  }));
  describeScope(app, describeGuard);
  app.addHook("onRequest", async (request) => {
    const found = await callerOf(request, check);
    if (found === undefined) throw new Refused(refusal("unauthorized"));
    if (found.is === "person") demand(found, neededFor(request));
    callers.set(request, found);
  });
  maskPersonalData(app, check.access.recorder);
}

export function caller(request: FastifyRequest): Caller {
  const found = callers.get(request);
  if (found === undefined) throw new Error("requireCaller was not called for this route");
  return found;
}

async function callerOf(
  request: FastifyRequest,
  { access, sources }: CallerCheck,
): Promise<Caller | undefined> {
  const { headers, method, originalUrl: url } = request;
  if (!isSigned(headers)) return identified(request, access.identify);
  const source = claimedSource(sources(), headers["x-source"]);
  const sender = authenticateRead(source, { headers, method, url }, Date.now());
  return sender && { is: "source", source: sender.source.id };
}

/** A source names itself; `authorization` beside that counts more. */
export const isSigned = (headers: FastifyRequest["headers"]): boolean =>
  headers.authorization === undefined && headers["x-source"] !== undefined;
