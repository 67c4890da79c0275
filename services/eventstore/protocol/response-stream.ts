// The responses to one reader. Its user sends a page of them, then waits until the reader has taken enough.
import { setImmediate as nextTurn } from "node:timers/promises";
import type { ServerWritableStream } from "@grpc/grpc-js";
import { batchOf } from "#platform/event-store/message-batch.ts";
import type { GrpcError } from "./errors.ts";

const BATCH_BYTES = 32 * 1024;
/** No more than this is sent ahead of a reader, so that a slow one costs the server little. */
const MAX_IN_TRANSIT_BYTES = 512 * 1024;

export class ResponseStream {
  readonly #call: ServerWritableStream<unknown, Buffer>;
  #closed = false;
  #unsent: Buffer[] = [];
  #unsentBytes = 0;
  #inTransitBytes = 0;
  #resume: (() => void) | undefined;

  constructor(call: ServerWritableStream<unknown, Buffer>) {
    this.#call = call;
    call.once("cancelled", () => this.#close());
    call.once("close", () => this.#close());
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Whether the reader has to take some of what was sent before it is sent more. */
  get full(): boolean {
    return this.#inTransitBytes > MAX_IN_TRANSIT_BYTES;
  }

  /** Sends once a batch is full, or with `flush`. */
  send(message: Buffer): void {
    if (this.#closed) return;
    this.#unsent.push(message);
    this.#unsentBytes += message.length;
    if (this.#unsentBytes >= BATCH_BYTES) this.flush();
  }

  flush(): void {
    if (this.#unsent.length === 0) return;
    const bytes = this.#unsentBytes;
    this.#inTransitBytes += bytes;
    this.#call.write(batchOf(this.#unsent), () => {
      this.#inTransitBytes -= bytes;
      if (!this.full) this.wake();
    });
    this.#unsent = [];
    this.#unsentBytes = 0;
  }

  end(): void {
    if (this.#closed) return;
    this.flush();
    this.#close();
    this.#call.end();
  }

  fail(error: GrpcError): void {
    if (this.#closed) return;
    this.flush();
    this.#close();
    this.#call.emit("error", error);
  }

  /** Resolves once there is room for more and other work had its turn. */
  async drained(): Promise<void> {
    this.flush();
    if (!this.full) await nextTurn();
    while (this.full && !this.#closed) await this.sleep();
  }

  /** Sleeps until `wake`, or until the reader has gone. */
  sleep(): Promise<void> {
    if (this.#closed) return Promise.resolve();
    return new Promise((resolve) => {
      this.#resume = resolve;
    });
  }

  readonly wake = (): void => {
    const resume = this.#resume;
    this.#resume = undefined;
    resume?.();
  };

  #close(): void {
    this.#closed = true;
    this.wake();
  }
}
