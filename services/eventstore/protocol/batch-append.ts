// Streams.BatchAppend: one long-lived call per connection on which appends arrive in chunks.
//
// 1. An append gets at most one response: a second one would throw inside the client.
// 2. An append without a response ends the call: its client would wait for ever.
// 3. What a client has on its way to the disk is bounded.
import type { handleBidiStreamingCall, ServerDuplexStream } from "@grpc/grpc-js";
import { batchOf } from "#platform/event-store/message-batch.ts";
import { MAX_APPEND_BYTES, type ProposedEvent } from "../engine/event-log.ts";
import { type BatchChunk, type BatchOutcome, encodeBatchResponse } from "./codec/batch-append.ts";
import type { WriteOptions } from "./codec/write-options.ts";
import { type GrpcError, stopping } from "./errors.ts";
import type { HandlerContext } from "./handler-context.ts";
import { appendError, MAX_COLLECTED_BYTES } from "./validation.ts";

interface PendingAppend {
  readonly correlation: Buffer;
  readonly options: WriteOptions;
  events: ProposedEvent[];
  size: number;
}

type Call = ServerDuplexStream<BatchChunk, Buffer>;

/** With this much on its way to the disk the server stops reading from a client for a while (3). */
const MAX_IN_FLIGHT_BYTES = 64 * 1024 * 1024;
const MAX_IN_FLIGHT = 20_000;
const MAX_UNSENT_MESSAGES = 1_000;
const DEADLINE_CHECK_MS = 100;

export function serveBatchAppend(context: HandlerContext): handleBidiStreamingCall<BatchChunk, Buffer> {
  return (call) => new BatchAppendCall(call, context).listen();
}

class BatchAppendCall {
  readonly #call: Call;
  readonly #context: HandlerContext;
  /** Appends without a response yet, by correlation id. */
  readonly #pending = new Map<string, PendingAppend>();
  #unsent: Buffer[] = [];
  #pendingBytes = 0;
  #inFlight = 0;
  #inFlightBytes = 0;
  #ending: { readonly error: GrpcError | undefined } | undefined;

  constructor(call: Call, context: HandlerContext) {
    this.#call = call;
    this.#context = context;
  }

  listen(): void {
    const call = this.#call;
    const signal = this.#context.stopping;
    const deadlines = setInterval(() => this.#expire(), DEADLINE_CHECK_MS);
    const stop = (): void => this.#end(stopping());
    const cleanUp = (): void => {
      clearInterval(deadlines);
      signal.removeEventListener("abort", stop);
      this.#pending.clear();
    };
    signal.addEventListener("abort", stop, { once: true });
    call.on("data", (chunk: BatchChunk) => this.#receive(chunk));
    call.on("end", () => this.#end());
    call.on("drain", () => this.#pauseOrResume());
    call.once("cancelled", cleanUp);
    call.once("close", cleanUp);
    if (signal.aborted) stop();
  }

  #receive(chunk: BatchChunk): void {
    if (this.#ending) return;
    const key = chunk.correlation.toString("latin1");
    const append = this.#pending.get(key) ?? this.#begin(key, chunk);
    // A chunk whose beginning is unknown belongs to an append that has its response already.
    if (!append) return;
    append.size += chunk.size;
    this.#pendingBytes += chunk.size;
    append.events = append.events.length === 0 ? chunk.events : append.events.concat(chunk.events);
    if (chunk.isFinal) this.#submit(key, append);
    else if (this.#pendingBytes > MAX_COLLECTED_BYTES)
      this.#respond(key, { outcome: "too_large", limit: MAX_APPEND_BYTES });
  }

  #begin(key: string, { correlation, options }: BatchChunk): PendingAppend | undefined {
    if (!options) return undefined;
    const append: PendingAppend = { correlation, options, events: [], size: 0 };
    this.#pending.set(key, append);
    return append;
  }

  #submit(key: string, { options, events, size }: PendingAppend): void {
    const rejected = rejection(options, events);
    if (rejected) {
      this.#respond(key, rejected);
      return;
    }
    this.#inFlight += 1;
    this.#inFlightBytes += size;
    const release = (): void => {
      this.#inFlight -= 1;
      this.#inFlightBytes -= size;
      this.#pauseOrResume();
      this.#finish();
    };
    this.#context.log.append(options.stream, options.expected, events).then(
      (result) => {
        this.#respond(key, result);
        release();
      },
      (error: unknown) => {
        // No response says "try again later", but clients take the end of the call as exactly that (2).
        this.#end(this.#context.toGrpcError(error));
        release();
      },
    );
    this.#pauseOrResume();
  }

  #respond(key: string, result: BatchOutcome): void {
    const append = this.#pending.get(key);
    // It may have timed out meanwhile (1).
    if (!append) return;
    this.#pending.delete(key);
    this.#pendingBytes -= append.size;
    // One commit completes many appends in a row, so their responses are sent together.
    if (this.#unsent.length === 0) queueMicrotask(() => this.#flush());
    this.#unsent.push(encodeBatchResponse(append.correlation, append.options, result));
  }

  #flush(): void {
    if (this.#unsent.length === 0) return;
    this.#call.write(batchOf(this.#unsent));
    this.#unsent = [];
  }

  /** Whether such an append still happens is open, as with every timeout. */
  #expire(): void {
    const now = Date.now();
    for (const [key, { options }] of this.#pending)
      if (options.deadline <= now) this.#respond(key, { outcome: "timed_out" });
  }

  #pauseOrResume(): void {
    if (this.#ending) return;
    const full =
      this.#inFlight > MAX_IN_FLIGHT ||
      this.#inFlightBytes > MAX_IN_FLIGHT_BYTES ||
      this.#call.writableLength > MAX_UNSENT_MESSAGES;
    if (full === this.#call.isPaused()) return;
    if (full) this.#call.pause();
    else this.#call.resume();
  }

  /** Receives no more; what is on its way to the disk still gets its response. */
  #end(error?: GrpcError): void {
    this.#ending ??= { error };
    this.#finish();
  }

  #finish(): void {
    if (this.#inFlight > 0 || !this.#ending) return;
    this.#flush();
    const { error } = this.#ending;
    if (error) this.#call.emit("error", error);
    else this.#call.end();
  }
}

/** What an append ends in before the engine sees it. */
function rejection(options: WriteOptions, events: readonly ProposedEvent[]): BatchOutcome | undefined {
  const error = appendError(options, events);
  if (error) return { outcome: "bad_request", message: error.details };
  return options.deadline <= Date.now() ? { outcome: "timed_out" } : undefined;
}
