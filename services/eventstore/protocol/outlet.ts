// The way out to one reader. Whoever sends through it sends a page, then waits until the reader has taken it.
import { setImmediate as nextTurn } from "node:timers/promises";
import type { ServerWritableStream } from "@grpc/grpc-js";
import { batchOf } from "./message-batch.ts";
import type { Refusal } from "./refusals.ts";
import { stopping as storeIsStopping } from "./refusals.ts";

const BATCH_BYTES = 32 * 1024;
/** More than this is not sent ahead of a reader, so that a slow one costs the server little. */
const MOST_IN_TRANSIT_BYTES = 512 * 1024;

export class Outlet {
  readonly #call: ServerWritableStream<unknown, Buffer>;
  #closed = false;
  #unsent: Buffer[] = [];
  #unsentBytes = 0;
  #inTransitBytes = 0;
  #resume: (() => void) | undefined;

  constructor(call: ServerWritableStream<unknown, Buffer>, stopping: AbortSignal) {
    this.#call = call;
    const stop = (): void => this.refuse(storeIsStopping());
    stopping.addEventListener("abort", stop, { once: true });
    call.once("cancelled", () => this.#close());
    call.once("close", () => {
      stopping.removeEventListener("abort", stop);
      this.#close();
    });
    if (stopping.aborted) stop();
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Whether the reader has to take some of what was sent before it is sent more. */
  get full(): boolean {
    return this.#inTransitBytes > MOST_IN_TRANSIT_BYTES;
  }

  send(message: Buffer): void {
    if (this.#closed) return;
    this.#unsent.push(message);
    this.#unsentBytes += message.length;
    if (this.#unsentBytes >= BATCH_BYTES) this.flush();
  }

  /** Sends what has been put together so far. */
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

  refuse(why: Refusal): void {
    if (this.#closed) return;
    this.flush();
    this.#close();
    this.#call.emit("error", why);
  }

  /** Resolves once there is room for more and other work had its turn; false when the reader has gone. */
  async drained(): Promise<boolean> {
    this.flush();
    if (this.full) {
      while (!this.#closed && this.full) await this.sleep();
    } else {
      await nextTurn();
    }
    return !this.#closed;
  }

  /** Sleeps until `wake`; the reader's leaving wakes too. */
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
