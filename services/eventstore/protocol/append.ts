// Streams.Append (one call per append), Delete and Tombstone.
import type { handleClientStreamingCall, handleUnaryCall, sendUnaryData } from "@grpc/grpc-js";
import {
  type DeleteResult,
  type EventLog,
  MAX_APPEND_BYTES,
  type ProposedEvent,
} from "../engine/event-log.ts";
import type { AppendPart } from "./codec/append.ts";
import { encodeAppendSuccess, encodeDeleted, encodeWrongExpectedVersion } from "./codec/append.ts";
import type { Target } from "./codec/target.ts";
import { MOST_COLLECTED_BYTES, problemWithAppend, problemWithStream } from "./proposal.ts";
import { appendTooLarge, invalidArgument, streamDeleted, wrongExpectedVersion } from "./refusals.ts";
import type { Services } from "./services.ts";

export function serveAppend(services: Services): handleClientStreamingCall<AppendPart, Buffer> {
  return (call, answer) => {
    const events: ProposedEvent[] = [];
    let target: Target | undefined;
    let bytes = 0;
    call.on("data", (part: AppendPart) => {
      if (part.kind === "target") {
        target = part.target;
        return;
      }
      bytes += part.event.data.length + part.event.customMetadata.length;
      if (bytes <= MOST_COLLECTED_BYTES) events.push(part.event);
    });
    call.on("end", () => {
      const tooLarge = bytes > MOST_COLLECTED_BYTES;
      reply(services, answer, tooLarge ? refuseSize() : append(services.log, target, events));
    });
  };
}

async function refuseSize(): Promise<never> {
  throw appendTooLarge(MAX_APPEND_BYTES);
}

async function append(
  log: EventLog,
  target: Target | undefined,
  events: readonly ProposedEvent[],
): Promise<Buffer> {
  if (!target) throw invalidArgument("An append begins with its options.");
  const problem = problemWithAppend(target, events);
  if (problem) throw problem;
  const result = await log.append(target.stream, target.expected, events);
  switch (result.outcome) {
    case "appended":
      return encodeAppendSuccess(result);
    case "wrong_expected_version":
      return encodeWrongExpectedVersion(target.expected, result.actual);
    case "stream_tombstoned":
      throw streamDeleted(target.stream);
    case "too_large":
      throw appendTooLarge(result.limit);
  }
}

export function serveDelete(services: Services): handleUnaryCall<Target, Buffer> {
  const { log } = services;
  return ({ request }, answer) =>
    reply(
      services,
      answer,
      remove(request, () => log.softDelete(request.stream, request.expected)),
    );
}

export function serveTombstone(services: Services): handleUnaryCall<Target, Buffer> {
  const { log } = services;
  return ({ request }, answer) =>
    reply(
      services,
      answer,
      remove(request, () => log.tombstone(request.stream, request.expected)),
    );
}

async function remove(target: Target, work: () => Promise<DeleteResult>): Promise<Buffer> {
  const problem = problemWithStream(target);
  if (problem) throw problem;
  const result = await work();
  switch (result.outcome) {
    case "deleted":
      return encodeDeleted(result.position);
    case "wrong_expected_version":
      throw wrongExpectedVersion(target.stream, target.expected, result.actual);
    case "stream_tombstoned":
      throw streamDeleted(target.stream);
  }
}

function reply({ refusalFor }: Services, answer: sendUnaryData<Buffer>, work: Promise<Buffer>): void {
  work.then(
    (message) => answer(null, message),
    (error: unknown) => answer(refusalFor(error)),
  );
}
