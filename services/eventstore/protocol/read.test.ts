import { EventEmitter, getEventListeners } from "node:events";
import { type ServerWritableStream, status } from "@grpc/grpc-js";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { EventLog } from "../engine/event-log.ts";
import type { ReadRequest } from "./codec/read-request.ts";
import type { CommitNotifier } from "./commit-notifier.ts";
import type { GrpcError } from "./errors.ts";
import { serveRead } from "./read.ts";

const test = suite("reads of an event store that stops");

/** A subscription to the end of an empty log, which stays open. */
const request: ReadRequest = {
  source: { stream: undefined, from: "end" },
  direction: "forwards",
  count: undefined,
  filter: undefined,
  resolveLinks: false,
};

function startReads() {
  const stopping = new AbortController();
  const log = { head: 0n, readAll: () => ({ outcome: "page", events: [] }) } as unknown as EventLog;
  const commits = { listen: () => () => undefined } as unknown as CommitNotifier;
  const serve = serveRead({
    log,
    commits,
    stopping: stopping.signal,
    toGrpcError: (error) => error as GrpcError,
  });
  const errors: (number | undefined)[] = [];
  const read = (): EventEmitter => {
    const call = Object.assign(new EventEmitter(), { request, write: () => true });
    call.on("error", (error: Partial<GrpcError>) => errors.push(error.code));
    serve(call as unknown as ServerWritableStream<ReadRequest, Buffer>);
    return call;
  };
  return { stopping, read, errors };
}

test("end all at once, those that begin afterwards too, and those that were over before not", () => {
  const { stopping, read, errors } = startReads();
  for (let n = 0; n < 20; n += 1) read();
  read().emit("close");
  assert.equal(errors, []);
  stopping.abort();
  assert.equal(errors, Array(20).fill(status.UNAVAILABLE));
  read();
  assert.equal(errors, Array(21).fill(status.UNAVAILABLE));
});

test("take one listener, however many there are", () => {
  const { stopping, read } = startReads();
  for (let n = 0; n < 20; n += 1) read();
  assert.is(getEventListeners(stopping.signal, "abort").length, 1);
});

test.run();
