// Turns every error of a request into a refusal. The error's own message goes to the log, never to the client.
import type { Socket } from "node:net";
import type { FastifyError, FastifyReply, FastifyRequest } from "fastify";
import { BusError } from "#platform/bus/bus.ts";
import { EventStoreUnavailable } from "#platform/event-store/errors.ts";
import { UnknownMasterKey } from "#platform/vault/master-key.ts";
import { type Refusal, Refused, refusal } from "../refusal.ts";
import { problemOf, sendRefusal } from "./problem.ts";

export function answerError(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const why = refusalOf(error);
  if (why.reason === "internal" || error instanceof UnknownMasterKey)
    request.log.error({ err: error }, "request failed");
  return sendRefusal(reply, why);
}

function refusalOf(error: unknown): Refusal {
  if (error instanceof Refused) return error.refusal;
  if (
    error instanceof EventStoreUnavailable ||
    error instanceof BusError ||
    error instanceof UnknownMasterKey
  )
    return refusal("unavailable", { retryAfterS: 1 });
  const { code, statusCode } = (error ?? {}) as Partial<FastifyError>;
  if (code === "FST_ERR_CTP_BODY_TOO_LARGE") return refusal("too_large");
  if (code === "FST_ERR_CTP_INVALID_MEDIA_TYPE") return refusal("unsupported_media_type");
  // Fastify's other errors about a request: a bad URL, an empty JSON body, a length that does not fit.
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) return refusal("malformed");
  return refusal("internal");
}

/** What is not HTTP at all, or comes too slowly, has no request: the response is written to the socket. */
export function answerClientError(error: Error & { readonly code?: string }, socket: Socket): void {
  if (error.code === "ECONNRESET" || !socket.writable) {
    socket.destroy();
    return;
  }
  const problem = problemOf(refusal(socketReason(error.code)));
  const body = JSON.stringify(problem);
  socket.end(
    `HTTP/1.1 ${problem.status} ${problem.title}\r\ncontent-type: application/problem+json\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  );
}

function socketReason(code: string | undefined): "too_slow" | "too_large" | "malformed" {
  if (code === "ERR_HTTP_REQUEST_TIMEOUT") return "too_slow";
  return code === "HPE_HEADER_OVERFLOW" ? "too_large" : "malformed";
}
