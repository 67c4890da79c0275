// Submissions over keep-alive connections, each sent as soon as the one before it on its connection is answered.
//
// 1. Every submission is under way on one connection, or due again later, or has come to its end: accepted or failed.
// 2. What is refused (429, 503), in flight (409, 408) or not answered at all is sent again under its key.
import { connect, type Socket } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { percentile } from "../eventstore/measure.ts";
import { now } from "./clock.ts";
import { headerOf, readMessages, statusOf } from "./messages.ts";
import { createSigner } from "./signed.ts";

export interface LoadParams {
  readonly url: string;
  readonly secret: string;
  /** The first serial number, and how many from there on. */
  readonly from: number;
  readonly many: number;
  readonly connections: number;
}

export interface LoadOutcome {
  /** By serial number, from the first on: 1 where it was accepted. */
  readonly accepted: Uint8Array;
  readonly acceptedCount: number;
  /** Submissions that were told to come again at least once. */
  readonly refused: number;
  /** Connections that broke while an answer was due. */
  readonly dropped: number;
  /** Answers that no repeating would change, by status. */
  readonly failed: Readonly<Record<number, number>>;
  /** What was given up when no answer came any more. */
  readonly unanswered: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
  readonly startedAt: number;
  readonly endedAt: number;
  /** How far the log was, as answers said, from time to time. */
  readonly positions: readonly { readonly at: number; readonly position: number }[];
}

const AGAIN = new Set([408, 409, 429, 503]);
const AGAIN_MS = 1_000;
const RECONNECT_MS = 100;
const LOOK_MS = 10;
/** Signatures hold for five minutes. */
const SIGN_ANEW_MS = 200_000;
const NOTE_POSITION_MS = 20;
const NO_ANSWER_MS = 60_000;

export async function load({ url, secret, from, many, connections }: LoadParams): Promise<LoadOutcome> {
  const signer = createSigner(url, secret);
  const requests = Array.from({ length: many }, (_, index) => signer.request(from + index));
  const signedAt = now();
  const accepted = new Uint8Array(many);
  const refused = new Uint8Array(many);
  const latencies: number[] = [];
  const failed: Record<number, number> = {};
  const positions: { at: number; position: number }[] = [];
  const due: { readonly index: number; readonly at: number }[] = [];
  const idle: (() => void)[] = [];
  const sockets = new Set<Socket>();
  let [fresh, ended, dropped, highest] = [0, 0, 0, 0];
  let isOver = false;
  let answeredAt = now();

  function take(): number | undefined {
    const late = due.findIndex(({ at }) => at <= now());
    if (late >= 0) return due.splice(late, 1)[0]?.index;
    return fresh < many ? fresh++ : undefined;
  }

  function again(index: number, ms: number): void {
    // Whoever was refused together should not come back together.
    due.push({ index, at: now() + ms * (1 + Math.random() / 2) });
  }

  function notePosition(at: number, position: number): void {
    if (!(position > highest)) return;
    highest = position;
    const last = positions.at(-1);
    if (last === undefined || at - last.at >= NOTE_POSITION_MS) positions.push({ at, position });
  }

  function producer(): void {
    let index: number | undefined;
    let sentAt = 0;
    let isConnected = false;
    const socket = connect({ host: new URL(url).hostname, port: Number(new URL(url).port), noDelay: true });
    sockets.add(socket);

    function send(): void {
      // Another connection takes its place as soon as it is closed.
      if (socket.destroyed) return;
      index = take();
      if (index === undefined) {
        idle.push(send);
        return;
      }
      const isOld = now() - signedAt > SIGN_ANEW_MS;
      const request = isOld ? signer.request(from + index) : requests[index];
      sentAt = performance.now();
      socket.write(request ?? "");
    }

    function onAnswer(head: string): void {
      if (index === undefined) return;
      const status = statusOf(head);
      answeredAt = now();
      if (status === 202) {
        latencies.push(performance.now() - sentAt);
        accepted[index] = 1;
        ended += 1;
        notePosition(answeredAt, Number(headerOf(head, "x-position") ?? 0));
      } else if (AGAIN.has(status)) {
        refused[index] = 1;
        again(index, Number(headerOf(head, "retry-after") ?? 0) * 1_000 || AGAIN_MS);
      } else {
        failed[status] = (failed[status] ?? 0) + 1;
        ended += 1;
      }
      index = undefined;
      if (headerOf(head, "connection") === "close") socket.destroy();
      else send();
    }

    /** Invariant 2, and another connection in place of this one. */
    function lost(): void {
      sockets.delete(socket);
      const waiting = idle.indexOf(send);
      if (waiting >= 0) idle.splice(waiting, 1);
      if (isOver) return;
      if (index !== undefined) {
        dropped += 1;
        again(index, RECONNECT_MS);
        index = undefined;
      }
      setTimeout(producer, isConnected ? 0 : RECONNECT_MS);
    }

    socket.on("error", () => {});
    socket.once("connect", () => {
      isConnected = true;
      send();
    });
    socket.once("close", lost);
    socket.on("data", readMessages(onAnswer));
  }

  const startedAt = now();
  for (let n = 0; n < connections; n += 1) producer();
  while (ended < many) {
    await pause(LOOK_MS);
    if (due.some(({ at }) => at <= now())) for (const send of idle.splice(0)) send();
    if (now() - answeredAt > NO_ANSWER_MS) break;
  }
  isOver = true;
  for (const socket of sockets) socket.destroy();
  positions.push({ at: answeredAt, position: highest });
  return {
    accepted,
    acceptedCount: accepted.reduce((sum, one) => sum + one, 0),
    refused: refused.reduce((sum, one) => sum + one, 0),
    dropped,
    failed,
    unanswered: many - ended,
    p50: percentile(latencies, 0.5),
    p99: percentile(latencies, 0.99),
    max: percentile(latencies, 1),
    startedAt,
    endedAt: answeredAt,
    positions,
  };
}
