// One call of Read, as messages: a page of a stream or a subscription, whoever asked.
import { convertToCommandError } from "@eventstore/db-client";
import type { ClientReadableStream } from "@grpc/grpc-js";
import type { Calls } from "./calls.ts";
import { decodeRead, type ReadMessage } from "./read-response.ts";

export interface ReadingOptions {
  readonly request: Buffer;
  /** Milliseconds since 1970; without end unless told. */
  readonly deadline?: number;
  readonly onMessage: (message: ReadMessage) => void;
  /** Called once, with what broke it or without when the store has said everything. Nothing comes afterwards. */
  readonly onEnd: (error?: Error) => void;
}

export interface Reading {
  /** The store sends little more until resume(): what it holds back costs no memory here. */
  pause(): void;
  resume(): void;
  /** Nothing comes afterwards, onEnd included. */
  cancel(): void;
}

export function openReading(calls: Calls, options: ReadingOptions): Reading {
  const { request, deadline = Number.POSITIVE_INFINITY, onMessage } = options;
  let stream: ClientReadableStream<Buffer> | undefined;
  let paused = false;
  let over = false;

  function end(error?: Error): void {
    if (over) return;
    over = true;
    options.onEnd(error);
  }

  function receive(bytes: Buffer): void {
    if (over) return;
    try {
      onMessage(decodeRead(bytes));
    } catch (error) {
      end(error as Error);
      stream?.cancel();
    }
  }

  calls.read(request, deadline).then(
    (opened) => {
      // A cancelled call ends with an error that nobody waits for; without a listener it would end the process.
      opened.on("error", (error) => end(convertToCommandError(error)));
      if (over) return opened.cancel();
      stream = opened;
      opened.on("data", receive);
      opened.on("end", () => end());
      if (paused) opened.pause();
    },
    (error: unknown) => end(error as Error),
  );

  return {
    pause() {
      paused = true;
      stream?.pause();
    },
    resume() {
      paused = false;
      stream?.resume();
    },
    cancel() {
      over = true;
      stream?.cancel();
      // A paused stream would never end, and be held as long as the connection.
      stream?.resume();
    },
  };
}
