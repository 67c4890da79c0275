// Reads a body as the bytes that were signed, bounded in size and in time.
import type { IncomingMessage } from "node:http";
import { type Refusal, refusal } from "../refusal.ts";
import { atTheTurn } from "./turn.ts";

export interface BodyBounds {
  readonly mostBytes: number;
  readonly deadlineMs: number;
}

/** A sender that is told in the midst of sending may never read it; so a little more than allowed is read and dropped. */
const DROPPED_AT_MOST = 4 * 1024 * 1024;

export function readBody(request: IncomingMessage, bounds: BodyBounds): Promise<Buffer | Refusal> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const finish = (result: Buffer | Refusal): void => {
      clearTimeout(timer);
      request.off("data", take).off("end", end).off("close", gone);
      atTheTurn(() => resolve(result));
    };
    const take = (chunk: Buffer): void => {
      size += chunk.length;
      if (size <= bounds.mostBytes) chunks.push(chunk);
      else chunks.length = 0;
      if (size > DROPPED_AT_MOST) finish(refusal("too_large"));
    };
    const end = (): void => {
      const [only] = chunks;
      if (size > bounds.mostBytes) finish(refusal("too_large"));
      else finish(chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks));
    };
    /** Whoever went away hears nothing any more. */
    const gone = (): void => finish(refusal("malformed"));
    const timer = setTimeout(() => finish(refusal("too_slow")), bounds.deadlineMs);
    request.on("data", take).once("end", end).once("close", gone);
  });
}
