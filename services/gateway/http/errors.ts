// Turns every error of a request into a refusal. The error's own message goes to the log, never to the client.
import type { Socket } from "node:net";
import type { FastifyError, FastifyReply, FastifyRequest } from "fastify";
import { BusError } from "#platform/bus/bus.ts";
import { isDatabaseAway } from "#platform/database.ts";
import { EventStoreUnavailable, WrongExpectedRevision } from "#platform/event-store/errors.ts";
import { UnknownMasterKey } from "#platform/vault/master-key.ts";
import { InvalidCursor } from "#projections/leads/query.ts";
import { type Refusal, type RefusalReason, Refused, refusal } from "../refusal.ts";
import { problemOf, sendRefusal } from "./problem.ts";
import { securityHeaders } from "./security-headers.ts";

const UNKNOWN_CURSOR = {
  path: "cursor",
  message: "is not one that was given out; take next_cursor as it came, or none",
};

const LONG_ID = "A part of the path is longer than any id; send an id as it was given out or made";
const CROWDED = "Many others change the same thing at this moment; repeat this after retry-after";

export function handleError(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const why = refusalOf(error);
  if (why.reason === "internal" || error instanceof UnknownMasterKey)
    request.log.error({ err: error }, "request failed");
  // A URL that can't be read has gone through no hook.
  return sendRefusal(reply.headers(securityHeaders), why);
}

function refusalOf(error: unknown): Refusal {
  if (error instanceof Refused) return error.refusal;
  if (error instanceof InvalidCursor) return refusal("invalid", { errors: [UNKNOWN_CURSOR] });
  const isPartAway = [EventStoreUnavailable, BusError, UnknownMasterKey].some(
    (part) => error instanceof part,
  );
  if (isPartAway || isDatabaseAway(error)) return refusal("unavailable", { retryAfterS: 1 });
  if (error instanceof WrongExpectedRevision)
    return refusal("unavailable", { detail: CROWDED, retryAfterS: 1 });
  const { code, statusCode = 500 } = (error ?? {}) as Partial<FastifyError>;
  if (code === "FST_ERR_CTP_BODY_TOO_LARGE") return refusal("too_large");
  if (code === "FST_ERR_CTP_INVALID_MEDIA_TYPE") return refusal("unsupported_media_type");
  if (code === "FST_ERR_MAX_PARAM_LENGTH") return refusal("malformed", { detail: LONG_ID });
  // Fastify's other errors about a request: a bad URL, an empty JSON body, a length that does not fit.
  return refusal(statusCode >= 400 && statusCode < 500 ? "malformed" : "internal");
}

const socketReasons: Readonly<Record<string, RefusalReason>> = {
  ERR_HTTP_REQUEST_TIMEOUT: "too_slow",
  HPE_HEADER_OVERFLOW: "too_large",
};

const SECURITY_HEADERS = Object.entries(securityHeaders)
  .map(([name, value]) => `${name}: ${value}\r\n`)
  .join("");

/** What is not HTTP at all, or comes too slowly, has no request: the response is written to the socket. */
export function handleClientError(error: Error & { readonly code?: string }, socket: Socket): void {
  if (error.code === "ECONNRESET" || !socket.writable) {
    socket.destroy();
    return;
  }
  const problem = problemOf(refusal(socketReasons[error.code ?? ""] ?? "malformed"));
  const body = JSON.stringify(problem);
  socket.end(
    `HTTP/1.1 ${problem.status} ${problem.title}\r\ncontent-type: application/problem+json\r\n${SECURITY_HEADERS}` +
      `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  );
}
