// How long the main pages take over HTTP, and dead letters for one of them to show.
import { createSecretKey } from "node:crypto";
import { Pool } from "undici";
import { deterministicUuid } from "#platform/ids.ts";
import { parseSecret, signedHeaders } from "#platform/webhooks.ts";
import { until } from "../../harness/wait.ts";
import { percentile } from "../eventstore/measure.ts";
import { PATH, SOURCE, submissionOf } from "../pipeline/submissions.ts";

export interface PageTimes {
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
}

/** A page that is slow is asked for less often. */
const MAX_MS_PER_PAGE = 10_000;
const DAY_MS = 86_400_000;
/** No partner of the rules of the pipeline is chosen for it. */
const DEAD_AMOUNT = 900;
const NOBODY = "takes-nothing";

export interface Pages {
  /** Submissions above the largest amount get a rule to a partner that takes nothing. */
  prepareDeadLetters(): Promise<void>;
  /** So many more of them; resolves when they are listed. */
  addDeadLetters(many: number): Promise<void>;
  /** So many requests to each. `serials`: of submissions that are there. */
  measure(serials: readonly number[], times: number): Promise<Readonly<Record<string, PageTimes>>>;
  close(): Promise<void>;
}

export interface PagesAccess {
  readonly url: string;
  readonly token: string;
  readonly secret: string;
}

type Body = { readonly items: readonly { readonly id?: string }[] };

export function pagesOf({ url, token, secret }: PagesAccess): Pages {
  const pool = new Pool(url, { connections: 16 });
  const key = createSecretKey(parseSecret(secret));

  async function call(method: "GET" | "PUT", path: string, body?: object): Promise<Body> {
    const response = await pool.request({
      method,
      path,
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      body: body === undefined ? null : JSON.stringify(body),
    });
    const text = await response.body.text();
    if (response.statusCode >= 300)
      throw new Error(`${method} ${path} failed with ${response.statusCode}: ${text}`);
    return JSON.parse(text) as Body;
  }

  async function submitDead(id: string): Promise<void> {
    const body = JSON.stringify({ amount: DEAD_AMOUNT, email: `${id}@example.org` });
    const headers = {
      "content-type": "application/json",
      "x-source": SOURCE,
      ...signedHeaders(key, id, body),
    };
    const response = await pool.request({ method: "POST", path: PATH, headers, body });
    const text = await response.body.text();
    if (response.statusCode !== 202)
      throw new Error(`${id} was refused with ${response.statusCode}: ${text}`);
  }

  async function timed(times: number, question: (n: number) => string): Promise<PageTimes> {
    const took: number[] = [];
    const began = performance.now();
    while (took.length < times && performance.now() - began < MAX_MS_PER_PAGE) {
      const path = question(took.length);
      const asked = performance.now();
      await call("GET", path);
      took.push(performance.now() - asked);
    }
    return { p50: percentile(took, 0.5), p99: percentile(took, 0.99) };
  }

  return {
    async prepareDeadLetters() {
      await call("PUT", `/api/partners/${NOBODY}`, {
        name: NOBODY,
        enabled: false,
        delivery: { type: "http", url: "http://127.0.0.1:9/" },
      });
      const when = { combinator: "and", rules: [{ field: "amount", operator: "=", value: DEAD_AMOUNT }] };
      const rule = { name: NOBODY, priority: 100, enabled: true, when, route: { to: NOBODY } };
      await call("PUT", `/api/rules/${NOBODY}`, rule);
    },
    async addDeadLetters(many) {
      const ids = Array.from({ length: many }, (_, n) => `dead-${Date.now()}-${n}`);
      for (const id of ids) await submitDead(id);
      const last = deterministicUuid("submission", SOURCE, ids.at(-1) ?? "");
      await until(
        "the dead letters are listed",
        async () => {
          const { items } = await call("GET", `/api/dlq?limit=200`);
          return items.some(({ id }) => id === last);
        },
        120_000,
      );
    },
    async measure(serials, requests) {
      const serialOf = (n: number): number => serials[(n * 7_919) % serials.length] ?? 0;
      const emailOf = (n: number): string => JSON.parse(submissionOf(serialOf(n)).body).email;
      const leadOf = (n: number): string =>
        deterministicUuid("submission", SOURCE, submissionOf(serialOf(n)).key);
      const { items: people } = await call("GET", "/api/identities?limit=200");
      const day = new URLSearchParams({ from: new Date(Date.now() - DAY_MS).toISOString() });
      const questions: Readonly<Record<string, (n: number) => string>> = {
        "leads: newest": () => "/api/leads",
        "leads: by status and partner": () => "/api/leads?status=delivered&partner=edu",
        "leads: by source and day": () => `/api/leads?source=${SOURCE}&${day}`,
        "leads: search by e-mail": (n) => `/api/leads?q=${encodeURIComponent(emailOf(n))}`,
        "lead: timeline": (n) => `/api/leads/${leadOf(n)}/timeline`,
        "statistics of a day by minute": () => `/api/stats?bucket=minute&by=partner&${day}`,
        "dead letters": () => "/api/dlq",
        "identities: newest": () => "/api/identities",
        "identity by e-mail": (n) => `/api/identities?email=${encodeURIComponent(emailOf(n))}`,
        "identity: one": (n) => `/api/identities/${people[n % people.length]?.id}`,
      };
      const times: Record<string, PageTimes> = {};
      for (const [name, question] of Object.entries(questions)) times[name] = await timed(requests, question);
      return times;
    },
    close: () => pool.close(),
  };
}
