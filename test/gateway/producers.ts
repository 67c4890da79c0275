// Many producers at once. Each sends one submission after the other, and repeats each until it is accepted.
import { randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { Pool } from "undici";

export interface ProducersOptions {
  readonly url: string;
  readonly producers: number;
  readonly signed: (key: string) => Readonly<Record<string, string>>;
  readonly bodyOf: (key: string) => string;
}

export interface Producers {
  /** Ids by keys. */
  readonly accepted: ReadonlyMap<string, string>;
  /** Responses that are neither a 202 nor a 503 with Retry-After. */
  readonly unexpected: readonly string[];
  refused(): number;
  slowestMs(): number;
  lastAcceptedAt(): number;
  /** Begins nothing new, and waits until everything begun is accepted. */
  end(): Promise<void>;
}

/** Less than any Retry-After asks for. */
const RETRY_MS = 100;
const MAX_TRIES = 1_000;

export function startProducers({ url, producers, signed, bodyOf }: ProducersOptions): Producers {
  const pool = new Pool(url, { connections: producers });
  const accepted = new Map<string, string>();
  const unexpected: string[] = [];
  let [refused, slowestMs, lastAcceptedAt, running] = [0, 0, 0, true];

  async function isAccepted(key: string): Promise<boolean> {
    const began = performance.now();
    const headers = { "content-type": "application/json", "x-source": "demo", ...signed(key) };
    const answer = await pool.request({ path: "/api/submit", method: "POST", headers, body: bodyOf(key) });
    const text = await answer.body.text();
    slowestMs = Math.max(slowestMs, performance.now() - began);
    if (answer.statusCode === 202) {
      accepted.set(key, JSON.parse(text).id);
      lastAcceptedAt = performance.now();
      return true;
    }
    const { "retry-after": retryAfter, "content-type": type } = answer.headers;
    const isPolite = Number(retryAfter) >= 1 && String(type).startsWith("application/problem+json");
    if (answer.statusCode === 503 && isPolite) refused += 1;
    else unexpected.push(`${answer.statusCode} ${text}`);
    return false;
  }

  async function produce(): Promise<void> {
    while (running) {
      const key = randomUUID();
      for (let tries = 1; tries <= MAX_TRIES; tries += 1) {
        const done = await isAccepted(key).catch((error: unknown) => void unexpected.push(String(error)));
        if (done) break;
        await pause(RETRY_MS);
      }
    }
  }

  const all = Promise.all(Array.from({ length: producers }, produce));
  return {
    accepted,
    unexpected,
    refused: () => refused,
    slowestMs: () => slowestMs,
    lastAcceptedAt: () => lastAcceptedAt,
    async end() {
      running = false;
      await all;
      await pool.close();
    },
  };
}
