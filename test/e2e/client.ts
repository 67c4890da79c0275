// What a producer and an operator do over HTTP, typed as the contract words it.
import { randomUUID } from "node:crypto";
import { parseSecret, signedHeaders } from "#platform/webhooks.ts";
import { until } from "../harness/wait.ts";

export interface LeadView {
  readonly id: string;
  readonly kind: string;
  readonly source: string;
  readonly status: string;
  readonly person_id?: string;
  readonly alias_id?: string;
  readonly partner?: string;
  readonly attempts: number;
  readonly reason?: string;
  readonly payload: Record<string, unknown>;
}

export interface TimelineItem {
  readonly position: number | string;
  readonly at: string;
  readonly type: string;
  readonly attempt?: number;
  readonly request?: unknown;
  readonly response?: unknown;
  readonly timings?: { readonly total_ms: number; readonly partner_ms: number; readonly overhead_ms: number };
}

export interface Answer<Body = Record<string, unknown>> {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Body;
}

export interface Accepted {
  readonly id: string;
  readonly outcome: string;
  readonly href: string;
  readonly duplicate?: boolean;
}

export interface YardClient {
  readonly url: string;
  submit(body: unknown, options?: { key?: string; path?: string }): Promise<Answer<Accepted>>;
  /** As a producer must: the same key again until there is an answer other than 409, 429, 503 or a lost connection. */
  submitUntilAccepted(body: unknown, key?: string): Promise<string>;
  admin<Body = Record<string, unknown>>(method: string, path: string, body?: unknown): Promise<Answer<Body>>;
  /** As an admin, with lines of JSON. */
  lines<Body = Record<string, unknown>>(path: string, text: string): Promise<Answer<Body>>;
  lead(id: string): Promise<LeadView>;
  timeline(id: string): Promise<TimelineItem[]>;
  ended(id: string, deadlineMs?: number): Promise<LeadView>;
}

const ENDS = new Set(["delivered", "duplicate", "rejected", "unrouted", "dead_lettered"]);

export interface ClientOptions {
  readonly url: string;
  readonly token: string;
  readonly source: string;
  readonly secret: string;
}

export function createClient({ url, token, source, secret }: ClientOptions): YardClient {
  const key = parseSecret(secret);

  const call = async <Body>(
    method: string,
    path: string,
    headers: Record<string, string>,
    text?: string,
  ): Promise<Answer<Body>> => {
    const init = text === undefined ? { method, headers } : { method, headers, body: text };
    const response = await fetch(new URL(path, url), init);
    const answer = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      body: (answer === "" ? {} : JSON.parse(answer)) as Body,
    };
  };

  const admin: YardClient["admin"] = (method, path, body) => {
    const bearer = { authorization: `Bearer ${token}` };
    return body === undefined
      ? call(method, path, bearer)
      : call(method, path, { ...bearer, "content-type": "application/json" }, JSON.stringify(body));
  };

  const submit: YardClient["submit"] = (body, { key: id = randomUUID(), path = "/api/submit" } = {}) => {
    const text = JSON.stringify(body);
    const headers = {
      "content-type": "application/json",
      "x-source": source,
      ...signedHeaders(key, id, text),
    };
    return call<Accepted>("POST", path, headers, text);
  };

  const lead = async (id: string): Promise<LeadView> => {
    const { status, body } = await admin<LeadView>("GET", `/api/leads/${id}`);
    if (status !== 200) throw new Error(`lead ${id}: ${status}`);
    return body;
  };

  return {
    url,
    admin,
    lines: (path, text) =>
      call("POST", path, { authorization: `Bearer ${token}`, "content-type": "application/x-ndjson" }, text),
    submit,
    lead,
    submitUntilAccepted: (body, id = randomUUID()) =>
      until(`${id} is accepted`, async () => {
        const answer = await submit(body, { key: id });
        if (answer.status === 202) return answer.body.id;
        if ([409, 429, 503].includes(answer.status)) return undefined;
        throw new Error(`submitting gave ${answer.status}: ${JSON.stringify(answer.body)}`);
      }),
    timeline: async (id) =>
      (await admin<{ items: TimelineItem[] }>("GET", `/api/leads/${id}/timeline`)).body.items,
    ended: (id, deadlineMs) =>
      until(
        `lead ${id} has ended`,
        async () => {
          const view = await lead(id);
          return ENDS.has(view.status) ? view : undefined;
        },
        deadlineMs,
      ),
  };
}
