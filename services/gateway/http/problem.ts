// The one place that knows which HTTP status a refusal has, and what it looks like on the wire (RFC 9457).
import type { FastifyReply } from "fastify";
import { z } from "zod";
import type { Refusal, RefusalReason } from "../refusal.ts";
import { responseSchemas } from "./route-schema.ts";

export const Problem = z
  .looseObject({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string().optional(),
    errors: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
    retry_after: z.int().optional().meta({ description: "Seconds, as the header `retry-after` says" }),
  })
  .meta({ description: "RFC 9457 problem details; `errors` say where the input is wrong" })
  .register(responseSchemas, { id: "Problem" });
export type Problem = z.infer<typeof Problem>;

const meanings: Readonly<Record<RefusalReason, readonly [status: number, title: string]>> = {
  malformed: [400, "The request can't be read"],
  invalid: [400, "The request is not valid"],
  unauthenticated: [401, "The signature or the source is not accepted"],
  unauthorized: [401, "A valid bearer token is needed"],
  kind_not_allowed: [403, "This source may not send submissions of this kind"],
  not_found: [404, "Not found"],
  method_not_allowed: [405, "This method is not supported here"],
  too_slow: [408, "The request took too long to arrive"],
  in_flight: [409, "A submission with this idempotency key is still in flight"],
  conflict: [409, "The change conflicts with the current state"],
  version_moved: [409, "The expected version is not the current one"],
  too_large: [413, "The body is too large"],
  unsupported_media_type: [415, "This content type is not supported"],
  key_reused: [422, "This idempotency key was used with another body"],
  unacceptable: [422, "The request can be read, but not accepted"],
  rate_limited: [429, "The rate limit is reached"],
  internal: [500, "Internal error"],
  unavailable: [503, "Not available now; repeating it is safe"],
  overloaded: [503, "Overloaded; repeating it is safe"],
};

export const problemReasons = Object.keys(meanings) as RefusalReason[];

export const statusOf = (reason: RefusalReason): number => meanings[reason][0];

/** JSON has no fields that are undefined. */
export function problemOf({ reason, detail, errors, retryAfterS, more }: Refusal): Problem {
  const [status, title] = meanings[reason];
  const type = `urn:switchyard:problem:${reason}`;
  return { ...more, type, title, status, detail, errors: errors && [...errors], retry_after: retryAfterS };
}

export function sendRefusal(reply: FastifyReply, refusal: Refusal): FastifyReply {
  const { reason, retryAfterS } = refusal;
  if (retryAfterS !== undefined) reply.header("retry-after", `${retryAfterS}`);
  if (reason === "unauthorized") reply.header("www-authenticate", "Bearer");
  if (reason === "unauthenticated") reply.header("www-authenticate", 'Signature realm="switchyard"');
  const problem = problemOf(refusal);
  return reply.code(problem.status).type("application/problem+json").send(JSON.stringify(problem));
}
