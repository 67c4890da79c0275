// Sends many submissions at the same moment, each once and over a connection of its own.
import { connect, type Socket } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { percentile } from "../eventstore/measure.ts";
import { now } from "./clock.ts";
import { readMessages, statusOf } from "./messages.ts";
import { createSigner } from "./signed.ts";
import type { Serials } from "./submissions.ts";

interface BurstParams extends Serials {
  readonly url: string;
  readonly secret: string;
  /** Whether connections are opened before the burst, or are part of it. */
  readonly connectBefore: boolean;
}

export interface BurstResult {
  /** Indexed by serial number minus `from`: 1 if it was accepted. */
  readonly accepted: Uint8Array;
  readonly byStatus: Readonly<Record<number, number>>;
  /** Connections without a response: refused, reset, closed, or silent until the deadline. */
  readonly dropped: number;
  /** Of all responses, in milliseconds since the burst began. */
  readonly p50: number;
  readonly p99: number;
  readonly last: number;
}

const DEADLINE_MS = 30_000;
const CONNECT_AT_ONCE = 100;

export async function burst({ url, secret, from, many, connectBefore }: BurstParams): Promise<BurstResult> {
  const { hostname: host, port } = new URL(url);
  const signer = createSigner(url, secret);
  const requests = Array.from({ length: many }, (_, index) => signer.request(from + index));
  const accepted = new Uint8Array(many);
  const byStatus: Record<number, number> = {};
  const latencies: number[] = [];
  const sockets: Socket[] = [];
  const allFinished = Promise.withResolvers<void>();
  let startedAt = 0;
  let finished = 0;

  function finishOne(): void {
    finished += 1;
    if (finished === many) allFinished.resolve();
  }

  function open(index: number): Promise<void> {
    const connected = Promise.withResolvers<void>();
    const socket = connect({ host, port: Number(port), noDelay: true }, () => connected.resolve());
    let hasResponse = false;
    socket.on("error", () => {});
    socket.once("close", () => {
      connected.resolve();
      if (!hasResponse) finishOne();
    });
    socket.on(
      "data",
      readMessages((head) => {
        const status = statusOf(head);
        hasResponse = true;
        latencies.push(now() - startedAt);
        byStatus[status] = (byStatus[status] ?? 0) + 1;
        if (status === 202) accepted[index] = 1;
        finishOne();
        socket.destroy();
      }),
    );
    sockets.push(socket);
    return connected.promise;
  }

  for (let index = 0; connectBefore && index < many; index += CONNECT_AT_ONCE) {
    const some = Math.min(CONNECT_AT_ONCE, many - index);
    await Promise.all(Array.from({ length: some }, (_, n) => open(index + n)));
  }
  startedAt = now();
  for (let index = 0; index < many; index += 1) {
    if (!connectBefore) void open(index);
    // The socket keeps what is written before it is connected.
    sockets[index]?.write(requests[index] ?? "");
  }
  const deadline = new AbortController();
  await Promise.race([allFinished.promise, pause(DEADLINE_MS, undefined, { signal: deadline.signal })]);
  deadline.abort();
  for (const socket of sockets) socket.destroy();
  return {
    accepted,
    byStatus,
    dropped: many - latencies.length,
    p50: percentile(latencies, 0.5),
    p99: percentile(latencies, 0.99),
    last: percentile(latencies, 1),
  };
}
