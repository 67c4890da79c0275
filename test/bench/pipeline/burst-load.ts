// Many submissions at the same moment, each over a connection of its own and sent once.
import { connect, type Socket } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { percentile } from "../eventstore/measure.ts";
import { now } from "./clock.ts";
import { readMessages, statusOf } from "./messages.ts";
import { createSigner } from "./signed.ts";

export interface BurstParams {
  readonly url: string;
  readonly secret: string;
  readonly from: number;
  readonly many: number;
  /** Whether the connections are open before, or opened in the moment that is measured. */
  readonly isConnected: boolean;
}

export interface BurstOutcome {
  readonly accepted: Uint8Array;
  readonly byStatus: Readonly<Record<number, number>>;
  /** Without an answer: refused, reset, closed, or silent until the deadline. */
  readonly dropped: number;
  /** Of all that were answered, in milliseconds from the moment of the burst. */
  readonly p50: number;
  readonly p99: number;
  readonly last: number;
  readonly startedAt: number;
}

const DEADLINE_MS = 30_000;
const CONNECT_AT_ONCE = 100;

export async function burst({ url, secret, from, many, isConnected }: BurstParams): Promise<BurstOutcome> {
  const { hostname: host, port } = new URL(url);
  const signer = createSigner(url, secret);
  const requests = Array.from({ length: many }, (_, index) => signer.request(from + index));
  const accepted = new Uint8Array(many);
  const byStatus: Record<number, number> = {};
  const latencies: number[] = [];
  const sockets: Socket[] = [];
  const done = Promise.withResolvers<void>();
  let startedAt = 0;
  let ended = 0;

  function end(): void {
    ended += 1;
    if (ended === many) done.resolve();
  }

  function open(index: number): Promise<void> {
    const opened = Promise.withResolvers<void>();
    const socket = connect({ host, port: Number(port), noDelay: true }, () => opened.resolve());
    let isAnswered = false;
    socket.on("error", () => {});
    socket.once("close", () => {
      opened.resolve();
      if (!isAnswered) end();
    });
    socket.on(
      "data",
      readMessages((head) => {
        const status = statusOf(head);
        isAnswered = true;
        latencies.push(now() - startedAt);
        byStatus[status] = (byStatus[status] ?? 0) + 1;
        if (status === 202) accepted[index] = 1;
        end();
        socket.destroy();
      }),
    );
    sockets.push(socket);
    return opened.promise;
  }

  for (let index = 0; isConnected && index < many; index += CONNECT_AT_ONCE) {
    const some = Math.min(CONNECT_AT_ONCE, many - index);
    await Promise.all(Array.from({ length: some }, (_, n) => open(index + n)));
  }
  startedAt = now();
  // What is written before the connection stands is sent as soon as it does.
  for (let index = 0; index < many; index += 1) {
    if (!isConnected) void open(index);
    sockets[index]?.write(requests[index] ?? "");
  }
  const deadline = new AbortController();
  await Promise.race([done.promise, pause(DEADLINE_MS, undefined, { signal: deadline.signal })]);
  deadline.abort();
  for (const socket of sockets) socket.destroy();
  return {
    accepted,
    byStatus,
    dropped: many - latencies.length,
    p50: percentile(latencies, 0.5),
    p99: percentile(latencies, 0.99),
    last: percentile(latencies, 1),
    startedAt,
  };
}
