// One reader's connection. What it does not take in is not kept for it: it is cut off and comes back where it was.
//
// 1. No more waits for it than MAX_WAITING_BYTES and one write.
// 2. Once it is cut off, nothing is written to it any more.
import { once } from "node:events";
import type { ServerResponse } from "node:http";
import type { Topic } from "./messages.ts";
import { idAt, type Place } from "./place.ts";

const MAX_WAITING_BYTES = 128 * 1024;
/** How long one that catches up may take for a piece, and one that is cut off for its last words. */
const MAX_SILENCE_MS = 10_000;
const LAST_WORDS_MS = 2_000;
/** A browser that lost the connection comes back after this. */
const RETRY_MS = 2_000;

export class Reader {
  readonly topics: ReadonlySet<Topic>;
  /** The same for all who want the same. */
  readonly topicsKey: string;
  /** Behind which message it is. */
  place: Place;
  readonly #response: ServerResponse;
  #ended = false;

  constructor(response: ServerResponse, wanted: ReadonlySet<Topic>, place: Place) {
    this.topics = wanted;
    this.topicsKey = [...wanted].sort().join();
    this.place = place;
    this.#response = response;
  }

  get ended(): boolean {
    return this.#ended || this.#response.destroyed;
  }

  /** Tells it where it begins, so that it resumes there though nothing has come since. */
  greet(): void {
    this.write(`: open\nretry: ${RETRY_MS}\nid: ${idAt(this.place)}\n\n`);
  }

  write(chunk: Buffer | string): void {
    if (this.ended || chunk.length === 0) return;
    if (this.#response.writableLength > MAX_WAITING_BYTES) this.cutOff("too_slow");
    else this.#response.write(chunk);
  }

  /** Resolves when it has room for more. */
  async drained(): Promise<void> {
    if (this.ended || !this.#response.writableNeedDrain) return;
    try {
      await once(this.#response, "drain", { signal: AbortSignal.timeout(MAX_SILENCE_MS) });
    } catch {
      this.cutOff("too_slow");
    }
  }

  cutOff(reason: "too_slow" | "closing" | "gap" | "signed_out"): void {
    if (this.ended) return;
    this.#ended = true;
    const { socket } = this.#response;
    this.#response.end(`event: end\ndata: ${JSON.stringify({ reason })}\n\n`);
    // Who reads nothing at all does not take its last words either.
    const timer = setTimeout(
      () => socket?.destroy(),
      reason === "closing" ? LAST_WORDS_MS / 4 : LAST_WORDS_MS,
    );
    this.#response.once("close", () => clearTimeout(timer));
  }
}
