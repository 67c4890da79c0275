// Appends over one stream of the client's own connection. See docs/decisions/0026.
import { convertToCommandError } from "@eventstore/db-client";
import type { ClientDuplexStream } from "@grpc/grpc-js";
import { type Append, type Confirmed, decodeAnswer, encodeAppend } from "./append-wire.ts";
import type { Calls } from "./calls.ts";
import { NoAnswer } from "./errors.ts";
import { batchOf } from "./message-batch.ts";

export interface Appender {
  /** One attempt. Rejects with what the store or the connection says, or with NoAnswer when neither says anything in time. */
  append(what: Omit<Append, "number" | "deadline">, timeoutMs: number): Promise<Confirmed>;
}

type Stream = ClientDuplexStream<Buffer, Buffer>;

interface Pending {
  /** The one that it was written to. */
  stream?: Stream;
  readonly expiresAt: number;
  resolve(confirmed: Confirmed): void;
  reject(error: unknown): void;
}

/** An append that is not written yet. */
interface Unsent {
  readonly of: number;
  readonly bytes: Buffer;
}

const MAX_NUMBER = 0x7fff_ffff;
/** What is written at once, unless a single append is larger: as much as HTTP/2 lets through at once. */
const MAX_BATCH_BYTES = 64 * 1024;
/** How exactly the end of patience is kept. */
const LOOK_EVERY_MS = 50;

export function openAppender(calls: Calls): Appender {
  const pending = new Map<number, Pending>();
  let number = 0;
  let current: Stream | undefined;
  let watching: NodeJS.Timeout | undefined;
  let unsent: Unsent[] = [];

  function onOpened(opened: Stream): void {
    opened.on("data", (bytes: Buffer) => {
      const { number: of, result } = decodeAnswer(bytes);
      const asked = take(of);
      if (result instanceof Error) asked?.reject(result);
      else asked?.resolve(result);
    });
    opened.on("error", (error) => breakOff(opened, convertToCommandError(error)));
    opened.on("end", () => breakOff(opened, new NoAnswer("the store ended the stream of appends")));
    opened.on("close", () => breakOff(opened, new NoAnswer("the stream of appends closed")));
    current = opened;
  }

  function take(of: number): Pending | undefined {
    const found = pending.get(of);
    pending.delete(of);
    return found;
  }

  /** Whatever was asked over it may have been done or not. */
  function breakOff(broken: Stream, error: Error): void {
    if (current === broken) current = undefined;
    for (const [of, { stream }] of pending) if (stream === broken) take(of)?.reject(error);
  }

  /** One timer for all: each its own would cost more than it is worth. */
  function watch(): void {
    watching ??= setInterval(() => {
      const now = performance.now();
      for (const [of, { expiresAt }] of pending)
        if (expiresAt <= now) take(of)?.reject(new NoAnswer("no answer in time"));
      if (pending.size > 0) return;
      clearInterval(watching);
      watching = undefined;
    }, LOOK_EVERY_MS);
  }

  /** What came in this turn of the event loop, in as few writes as can be. */
  function send(): void {
    const sent = unsent;
    unsent = [];
    if (current !== undefined) writeAll(sent, current);
    else
      calls.appendStream(onOpened).then(
        (over) => writeAll(sent, over),
        (error: unknown) => {
          for (const { of } of sent) take(of)?.reject(error);
        },
      );
  }

  function writeAll(sent: readonly Unsent[], over: Stream): void {
    let batch: Buffer[] = [];
    let size = 0;
    for (const { of, bytes } of sent) {
      const asked = pending.get(of);
      if (asked === undefined) continue;
      asked.stream = over;
      if (size > 0 && size + bytes.length > MAX_BATCH_BYTES) {
        over.write(batchOf(batch));
        [batch, size] = [[], 0];
      }
      batch.push(bytes);
      size += bytes.length;
    }
    if (size > 0) over.write(batchOf(batch));
  }

  return {
    append(what, timeoutMs) {
      const own = number === MAX_NUMBER ? 1 : number + 1;
      number = own;
      const bytes = encodeAppend({ ...what, number: own, deadline: Date.now() + timeoutMs });
      return new Promise((resolve, reject) => {
        pending.set(own, { expiresAt: performance.now() + timeoutMs, resolve, reject });
        watch();
        if (unsent.length === 0) setImmediate(send);
        unsent.push({ of: own, bytes });
      });
    },
  };
}
