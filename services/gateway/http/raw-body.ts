// Reads a body as the bytes that were signed, bounded in size and in time.
import type { IncomingMessage } from "node:http";
import { type Refusal, refusal } from "../refusal.ts";
import { atEndOfTurn } from "./end-of-turn.ts";

export interface BodyLimits {
  readonly maxBytes: number;
  readonly deadlineMs: number;
}

/** A sender may read no response before it has sent all, so a little more than allowed is read and dropped. */
const MAX_DROPPED_BYTES = 4 * 1024 * 1024;

export function readBody(request: IncomingMessage, limits: BodyLimits): Promise<Buffer | Refusal> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const finish = (result: Buffer | Refusal): void => {
      clearTimeout(timer);
      request.off("data", take).off("end", end).off("close", closed);
      atEndOfTurn(() => resolve(result));
    };
    const take = (chunk: Buffer): void => {
      size += chunk.length;
      if (size <= limits.maxBytes) chunks.push(chunk);
      else chunks.length = 0;
      if (size > MAX_DROPPED_BYTES) finish(refusal("too_large"));
    };
    const end = (): void => {
      const [only] = chunks;
      if (size > limits.maxBytes) finish(refusal("too_large"));
      else finish(chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks));
    };
    /** The client is gone and reads no response. */
    const closed = (): void => finish(refusal("malformed"));
    const timer = setTimeout(() => finish(refusal("too_slow")), limits.deadlineMs);
    request.on("data", take).once("end", end).once("close", closed);
  });
}
