// Streams.BatchAppend: one long-lived call per connection on which appends arrive in chunks, each append being
// answered exactly once. A second answer would throw inside the client; a missing one would leave it waiting for ever.
import type { handleBidiStreamingCall, ServerDuplexStream } from "@grpc/grpc-js";
import { MAX_APPEND_BYTES, type ProposedEvent } from "../engine/event-log.ts";
import type { BatchChunk, BatchOutcome } from "./codec/batch-append.ts";
import { encodeBatchAnswer } from "./codec/batch-append.ts";
import type { Target } from "./codec/target.ts";
import { batchOf } from "./message-batch.ts";
import { MOST_COLLECTED_BYTES, problemWithAppend } from "./proposal.ts";
import type { Refusal } from "./refusals.ts";
import { stopping as storeIsStopping } from "./refusals.ts";
import type { Services } from "./services.ts";

interface OpenAppend {
  readonly correlation: Buffer;
  readonly target: Target;
  events: ProposedEvent[];
  size: number;
}

type Call = ServerDuplexStream<BatchChunk, Buffer>;

/** With this much on its way to the disk the server stops listening to a client for a while. */
const MOST_IN_FLIGHT_BYTES = 64 * 1024 * 1024;
const MOST_IN_FLIGHT = 20_000;
const MOST_UNSENT_ANSWERS = 1_000;
const DEADLINE_SWEEP_MS = 100;

export function serveBatchAppend(services: Services): handleBidiStreamingCall<BatchChunk, Buffer> {
  return (call) => new BatchSession(call, services).listen();
}

class BatchSession {
  readonly #call: Call;
  readonly #services: Services;
  /** Appends that are not answered yet, by correlation id. */
  readonly #open = new Map<string, OpenAppend>();
  #unsent: Buffer[] = [];
  #collectedBytes = 0;
  #inFlight = 0;
  #inFlightBytes = 0;
  #leaving: { readonly why: Refusal | undefined } | undefined;

  constructor(call: Call, services: Services) {
    this.#call = call;
    this.#services = services;
  }

  listen(): void {
    const call = this.#call;
    const { stopping } = this.#services;
    const sweep = setInterval(() => this.#expire(), DEADLINE_SWEEP_MS);
    const stop = (): void => this.#leave(storeIsStopping());
    const close = (): void => {
      clearInterval(sweep);
      stopping.removeEventListener("abort", stop);
      this.#open.clear();
    };
    stopping.addEventListener("abort", stop, { once: true });
    call.on("data", (chunk: BatchChunk) => this.#take(chunk));
    call.on("end", () => this.#leave());
    call.on("drain", () => this.#breathe());
    call.once("cancelled", close);
    call.once("close", close);
    if (stopping.aborted) stop();
  }

  #take(chunk: BatchChunk): void {
    if (this.#leaving) return;
    const key = chunk.correlation.toString("latin1");
    const append = this.#open.get(key) ?? this.#begin(key, chunk);
    // A chunk whose beginning is unknown belongs to an append that was answered already.
    if (!append) return;
    append.size += chunk.size;
    this.#collectedBytes += chunk.size;
    append.events = append.events.length === 0 ? chunk.events : append.events.concat(chunk.events);
    if (chunk.isFinal) this.#append(key, append);
    else if (this.#collectedBytes > MOST_COLLECTED_BYTES)
      this.#answer(key, { outcome: "too_large", limit: MAX_APPEND_BYTES });
  }

  #begin(key: string, { correlation, target }: BatchChunk): OpenAppend | undefined {
    if (!target) return undefined;
    const append: OpenAppend = { correlation, target, events: [], size: 0 };
    this.#open.set(key, append);
    return append;
  }

  #append(key: string, { target, events, size }: OpenAppend): void {
    const refused = refusedAtOnce(target, events);
    if (refused) {
      this.#answer(key, refused);
      return;
    }
    this.#inFlight += 1;
    this.#inFlightBytes += size;
    const settle = (): void => {
      this.#inFlight -= 1;
      this.#inFlightBytes -= size;
      this.#breathe();
    };
    this.#services.log.append(target.stream, target.expected, events).then(
      (result) => {
        this.#answer(key, result);
        settle();
      },
      (error: unknown) => {
        // No answer says "try again later", so the whole call ends, which clients take as exactly that.
        this.#leave(this.#services.refusalFor(error));
        settle();
      },
    );
    this.#breathe();
  }

  #answer(key: string, result: BatchOutcome): void {
    const append = this.#open.get(key);
    if (!append) return;
    this.#open.delete(key);
    this.#collectedBytes -= append.size;
    // One commit answers many appends in a row, so they are sent together.
    if (this.#unsent.length === 0) queueMicrotask(() => this.#flush());
    this.#unsent.push(encodeBatchAnswer(append.correlation, append.target, result));
  }

  #flush(): void {
    if (this.#unsent.length === 0) return;
    this.#call.write(batchOf(this.#unsent));
    this.#unsent = [];
  }

  /** Whether such an append still happens is open, as with every timeout. */
  #expire(): void {
    const now = Date.now();
    for (const [key, { target }] of this.#open) {
      if (target.deadline <= now) this.#answer(key, { outcome: "timed_out" });
    }
  }

  #breathe(): void {
    if (this.#leaving) {
      this.#finish();
      return;
    }
    const full =
      this.#inFlight > MOST_IN_FLIGHT ||
      this.#inFlightBytes > MOST_IN_FLIGHT_BYTES ||
      this.#call.writableLength > MOST_UNSENT_ANSWERS;
    if (full === this.#call.isPaused()) return;
    if (full) this.#call.pause();
    else this.#call.resume();
  }

  /** Takes no more; what is on its way to the disk is still answered. */
  #leave(why?: Refusal): void {
    this.#leaving ??= { why };
    this.#finish();
  }

  #finish(): void {
    if (this.#inFlight > 0 || !this.#leaving) return;
    this.#flush();
    const { why } = this.#leaving;
    if (why) this.#call.emit("error", why);
    else this.#call.end();
  }
}

function refusedAtOnce(target: Target, events: readonly ProposedEvent[]): BatchOutcome | undefined {
  const problem = problemWithAppend(target, events);
  if (problem) return { outcome: "bad_request", message: problem.details };
  return target.deadline <= Date.now() ? { outcome: "timed_out" } : undefined;
}
