// The one place that knows which HTTP status a refusal has, and what it looks like on the wire (RFC 9457).
import type { FastifyReply } from "fastify";
import { z } from "zod";
import type { InputError, Refusal, RefusalReason } from "../refusal.ts";
import { responseSchemas } from "./route-schema.ts";

export const Problem = z
  .looseObject({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string().meta({ description: "What is wrong, and what to do" }),
    errors: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
    retry_after: z.int().optional().meta({ description: "Seconds, as the header `retry-after` says" }),
  })
  .meta({ description: "RFC 9457 problem details; `errors` say where the input is wrong" })
  .register(responseSchemas, { id: "Problem" });
export type Problem = z.infer<typeof Problem>;

type Meaning = readonly [status: number, title: string, detail: string];

/** The detail is for a refusal that has none of its own: what is wrong, and what to do. */
const meanings: Readonly<Record<RefusalReason, Meaning>> = {
  malformed: [
    400,
    "The request can't be read",
    "The request is not complete and well-formed HTTP with a readable body; correct it and send it again",
  ],
  invalid: [
    400,
    "The request is not valid",
    "Something in the request is not as /docs describes it; correct it and send it again",
  ],
  // One text for every cause: what exactly is wrong would tell a stranger which sources there are.
  unauthenticated: [
    401,
    "The signature or the source is not accepted",
    "Check x-source, the signature's three headers, the secret, the sender's clock and that the very bytes that were signed are sent",
  ],
  unauthorized: [
    401,
    "Nobody is signed in",
    "Sign in, or send authorization: Bearer with a token that is valid, or sign as a source where sources may read",
  ],
  // One text for every cause, as above.
  wrong_credentials: [
    401,
    "The name and the password, or the token, are not right",
    "Check both and try again; whoever has forgotten a password asks an admin for a new set-up link",
  ],
  forbidden: [
    403,
    "The role does not allow this",
    "Ask an admin for a role that allows it; docs/permissions.md lists what each role may do",
  ],
  cross_origin: [
    403,
    "The request comes from another site",
    "A request with a session cookie that changes something must come from the console's own pages; programs send a token instead",
  ],
  kind_not_allowed: [
    403,
    "This source may not send submissions of this kind",
    "Send a kind that is in the source's allowed_kinds, or have this one added there",
  ],
  not_found: [
    404,
    "Not found",
    "Nothing has this path or id, or it is not yours to see; check both, /docs lists the paths",
  ],
  method_not_allowed: [
    405,
    "This method is not supported here",
    "Use one of the methods that the header allow names",
  ],
  too_slow: [
    408,
    "The request took too long to arrive",
    "The request did not arrive whole in time; send it again, with the same key, on a new connection",
  ],
  in_flight: [
    409,
    "A submission with this idempotency key is still in flight",
    "The first request with this key has no response yet; repeat this one after retry-after to learn what became of it",
  ],
  conflict: [
    409,
    "The change conflicts with the current state",
    "What is there now does not allow this change; read it again and decide anew",
  ],
  version_moved: [
    409,
    "The expected version is not the current one",
    "Somebody else changed it meanwhile; read it again and repeat the change with its version",
  ],
  too_large: [413, "The body is too large", "The request is larger than allowed here; send less at once"],
  unsupported_media_type: [
    415,
    "This content type is not supported",
    "Send the content type that /docs names for this path, in UTF-8 and not compressed",
  ],
  key_reused: [
    422,
    "This idempotency key was used with another body",
    "Another body was accepted under this key; send this one under a key of its own, or repeat the very same bytes",
  ],
  unacceptable: [
    422,
    "The request can be read, but not accepted",
    "What is asked for can't be done as it stands; correct it and send it again",
  ],
  rate_limited: [
    429,
    "The rate limit is reached",
    "More is sent than the limit allows; repeat this after retry-after, a submission with the same key",
  ],
  internal: [
    500,
    "Internal error",
    "The request failed by a fault of the server, which has logged it; repeating it with the same key is safe",
  ],
  unavailable: [
    503,
    "Not available now; repeating it is safe",
    "The store behind this does not respond now; send the same again, with the same key, after retry-after",
  ],
  overloaded: [
    503,
    "Overloaded; repeating it is safe",
    "There was no room within the time that a request may wait; repeat it after retry-after, with the same key",
  ],
};

const MAX_ERRORS_IN_WORDS = 3;

export const problemReasons = Object.keys(meanings) as RefusalReason[];

export const statusOf = (reason: RefusalReason): number => meanings[reason][0];

/** JSON has no fields that are undefined. */
export function problemOf({ reason, detail, errors, retryAfterS, more }: Refusal): Problem {
  const [status, title, usual] = meanings[reason];
  const type = `urn:switchyard:problem:${reason}`;
  return {
    ...more,
    type,
    title,
    status,
    retry_after: retryAfterS,
    detail: detail ?? (errors === undefined ? usual : `Correct this and send it again: ${inWords(errors)}`),
    errors: errors && [...errors],
  };
}

/** The first of them. */
export function inWords(errors: readonly InputError[]): string {
  const named = errors
    .slice(0, MAX_ERRORS_IN_WORDS)
    .map(({ path, message }) => (path === "" ? message : said(path, asPredicate(message))));
  const others = errors.length - named.length;
  const all = others > 0 ? [...named, `and ${others} more in errors`] : named;
  return all.join("; ");
}

/** Some messages go on where the path ends, others say something of their own. */
const said = (path: string, message: string): string =>
  /^(is|are|must|has|needs|names) /.test(message) ? `${path} ${message}` : `${path}: ${message}`;

/** A message of zod is a sentence of its own. */
const asPredicate = (message: string): string =>
  message
    .replace(/^Invalid input: (expected .*), received undefined$/, "is missing: $1")
    .replace(/^Invalid input: /, "is not valid: ")
    .replace(/^[A-Z](?=[a-z])/, (first) => first.toLowerCase());

export function sendRefusal(reply: FastifyReply, refusal: Refusal): FastifyReply {
  const { reason, retryAfterS } = refusal;
  if (retryAfterS !== undefined) reply.header("retry-after", `${retryAfterS}`);
  if (reason === "unauthorized") reply.header("www-authenticate", "Bearer");
  if (reason === "unauthenticated") reply.header("www-authenticate", 'Signature realm="switchyard"');
  const problem = problemOf(refusal);
  // As bytes: to the type of a text Fastify would add a charset, which JSON has none of.
  const body = Buffer.from(JSON.stringify(problem));
  return reply.code(problem.status).type("application/problem+json").send(body);
}
