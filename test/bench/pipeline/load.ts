// Sends submissions over keep-alive connections, each as soon as the previous one on its connection has a response.
//
// 1. Every submission is in flight on one connection, scheduled for a retry, or finished: accepted or failed.
// 2. A submission with the status 408, 409, 429 or 503, or without a response, is retried under the same key.
import { connect, type Socket } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { percentile } from "../eventstore/measure.ts";
import { now } from "./clock.ts";
import type { Observation } from "./lag.ts";
import { headerOf, readMessages, statusOf } from "./messages.ts";
import { createSigner } from "./signed.ts";
import type { Serials } from "./submissions.ts";

interface LoadParams extends Serials {
  readonly url: string;
  readonly secret: string;
  readonly connections: number;
}

export interface LoadResult {
  /** Indexed by serial number minus `from`: 1 if it was accepted. */
  readonly accepted: Uint8Array;
  readonly acceptedCount: number;
  /** Submissions that were told at least once to come again. */
  readonly refused: number;
  /** Connections that broke while a response was due. */
  readonly dropped: number;
  /** Responses that a retry can't change, by status. */
  readonly failed: Readonly<Record<number, number>>;
  /** Submissions that were given up because responses stopped coming. */
  readonly unfinished: number;
  /** Acknowledgement times in milliseconds, without refused attempts. */
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
  readonly startedAt: number;
  readonly endedAt: number;
  /** Positions of the log that responses told; the last one is the highest. */
  readonly positions: readonly Observation[];
}

const RETRIED = new Set([408, 409, 429, 503]);
const DEFAULT_RETRY_MS = 1_000;
const RECONNECT_MS = 100;
const POLL_MS = 10;
/** A signature is valid for five minutes. */
const SIGN_AGAIN_MS = 200_000;
const POSITION_INTERVAL_MS = 20;
const GIVE_UP_MS = 60_000;

export async function load({ url, secret, from, many, connections }: LoadParams): Promise<LoadResult> {
  const { hostname: host, port } = new URL(url);
  const signer = createSigner(url, secret);
  const requests = Array.from({ length: many }, (_, index) => signer.request(from + index));
  const signedAt = now();
  const accepted = new Uint8Array(many);
  const refused = new Uint8Array(many);
  const latencies: number[] = [];
  const failed: Record<number, number> = {};
  const positions: Observation[] = [];
  const retries: { readonly index: number; readonly at: number }[] = [];
  const idle: (() => void)[] = [];
  const sockets = new Set<Socket>();
  let [unsent, finished, dropped, highest] = [0, 0, 0, 0];
  let isClosing = false;
  let lastResponseAt = now();

  function nextIndex(): number | undefined {
    const due = retries.findIndex(({ at }) => at <= now());
    if (due >= 0) return retries.splice(due, 1)[0]?.index;
    return unsent < many ? unsent++ : undefined;
  }

  /** With jitter, so that what was refused together does not come back together. */
  function retryLater(index: number, ms: number): void {
    retries.push({ index, at: now() + ms * (1 + Math.random() / 2) });
  }

  function notePosition(position: number): void {
    if (!(position > highest)) return;
    highest = position;
    const last = positions.at(-1);
    if (last === undefined || lastResponseAt - last.at >= POSITION_INTERVAL_MS)
      positions.push({ at: lastResponseAt, position });
  }

  function openConnection(): void {
    let index: number | undefined;
    let sentAt = 0;
    let isConnected = false;
    const socket = connect({ host, port: Number(port), noDelay: true });
    sockets.add(socket);

    function sendNext(): void {
      // The close handler opens another connection in its place.
      if (socket.destroyed) return;
      index = nextIndex();
      if (index === undefined) {
        idle.push(sendNext);
        return;
      }
      const isExpired = now() - signedAt > SIGN_AGAIN_MS;
      const request = isExpired ? signer.request(from + index) : requests[index];
      sentAt = performance.now();
      socket.write(request ?? "");
    }

    function onResponse(head: string): void {
      if (index === undefined) return;
      const status = statusOf(head);
      lastResponseAt = now();
      if (status === 202) {
        latencies.push(performance.now() - sentAt);
        accepted[index] = 1;
        finished += 1;
        notePosition(Number(headerOf(head, "x-position") ?? 0));
      } else if (RETRIED.has(status)) {
        refused[index] = 1;
        retryLater(index, Number(headerOf(head, "retry-after") ?? 0) * 1_000 || DEFAULT_RETRY_MS);
      } else {
        failed[status] = (failed[status] ?? 0) + 1;
        finished += 1;
      }
      index = undefined;
      if (headerOf(head, "connection") === "close") socket.destroy();
      else sendNext();
    }

    function onClose(): void {
      sockets.delete(socket);
      const waiting = idle.indexOf(sendNext);
      if (waiting >= 0) idle.splice(waiting, 1);
      if (isClosing) return;
      if (index !== undefined) {
        dropped += 1;
        retryLater(index, RECONNECT_MS);
        index = undefined;
      }
      setTimeout(openConnection, isConnected ? 0 : RECONNECT_MS);
    }

    socket.on("error", () => {});
    socket.once("connect", () => {
      isConnected = true;
      sendNext();
    });
    socket.once("close", onClose);
    socket.on("data", readMessages(onResponse));
  }

  const startedAt = now();
  for (let n = 0; n < connections; n += 1) openConnection();
  while (finished < many && now() - lastResponseAt < GIVE_UP_MS) {
    await pause(POLL_MS);
    if (retries.some(({ at }) => at <= now())) for (const sendNext of idle.splice(0)) sendNext();
  }
  isClosing = true;
  for (const socket of sockets) socket.destroy();
  positions.push({ at: lastResponseAt, position: highest });
  return {
    accepted,
    acceptedCount: accepted.reduce((sum, one) => sum + one, 0),
    refused: refused.reduce((sum, one) => sum + one, 0),
    dropped,
    failed,
    unfinished: many - finished,
    p50: percentile(latencies, 0.5),
    p99: percentile(latencies, 0.99),
    max: percentile(latencies, 1),
    startedAt,
    endedAt: lastResponseAt,
    positions,
  };
}
