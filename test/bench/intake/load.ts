// Signed submissions over many connections, each sent as soon as the one before it is answered.
import { createSecretKey } from "node:crypto";
import { Pool } from "undici";
import { parseSecret, signedHeaders } from "#platform/webhooks.ts";

export interface Load {
  readonly url: string;
  readonly secret: string;
  readonly connections: number;
  readonly forSeconds: number;
  /** Sent to nowhere in particular, so that every target is asked for the same. */
  readonly path?: string;
}

export interface Outcome {
  readonly accepted: number;
  /** Told to come again: 429 and 503. */
  readonly shed: number;
  readonly failed: number;
  readonly acceptedPerSecond: number;
  readonly answeredPerSecond: number;
  /** Of what was accepted, in milliseconds. */
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

let sent = 0;
const run = Math.random().toString(36).slice(2);

function submission(): { readonly key: string; readonly body: string } {
  sent += 1;
  const key = `${run}-${sent}`;
  const body = JSON.stringify({
    email: `jane.doe.${sent}@example.com`,
    phone: `+1202555${String(sent % 10_000).padStart(4, "0")}`,
    first_name: "Jane",
    last_name: `Doe ${sent}`,
    country: "US",
    interest: sent % 2 === 0 ? "Education" : "Finance",
    ip_address: "192.0.2.7",
    user_agent: "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36",
    landing_page_url: "https://example.com/landing?utm_source=search",
    consent: {
      certificate_url: "https://example.com/certificates/1",
      text: "I agree",
      at: "2026-01-01T00:00:00Z",
    },
  });
  return { key, body };
}

export async function load({
  url,
  secret,
  connections,
  forSeconds,
  path = "/api/submit",
}: Load): Promise<Outcome> {
  const pool = new Pool(url, { connections, pipelining: 1 });
  const key = createSecretKey(parseSecret(secret));
  const latencies: number[] = [];
  let [shed, failed] = [0, 0];
  const began = performance.now();
  const end = began + forSeconds * 1000;

  async function producer(): Promise<void> {
    while (performance.now() < end) {
      const { key: id, body } = submission();
      const headers = {
        "content-type": "application/json",
        "x-source": "demo",
        ...signedHeaders(key, id, body),
      };
      const at = performance.now();
      try {
        const { statusCode, body: answer } = await pool.request({ path, method: "POST", headers, body });
        await answer.dump();
        if (statusCode === 202) latencies.push(performance.now() - at);
        else if (statusCode === 429 || statusCode === 503) shed += 1;
        else failed += 1;
      } catch {
        failed += 1;
      }
    }
  }
  await Promise.all(Array.from({ length: connections }, producer));
  const seconds = (performance.now() - began) / 1000;
  await pool.destroy();

  latencies.sort((a, b) => a - b);
  const at = (share: number): number => latencies[Math.floor((latencies.length - 1) * share)] ?? Number.NaN;
  return {
    accepted: latencies.length,
    shed,
    failed,
    acceptedPerSecond: latencies.length / seconds,
    answeredPerSecond: (latencies.length + shed + failed) / seconds,
    p50: at(0.5),
    p99: at(0.99),
    max: at(1),
  };
}
