// What a function may call: the hosts that are allowed it, over HTTP, bounded like every delivery, and marked like one.
import { OUR_HEADERS } from "#domain/partner/http-delivery.ts";
import { createHttpCaller, type HttpRequest } from "#platform/http-call.ts";
import type { FetchRequest, FetchResult } from "../sandbox/messages.ts";
import type { Attempt } from "./channel.ts";

export interface FunctionFetchOptions {
  /** Names with a port where it is not the usual one. */
  readonly allowedHosts: readonly string[];
  readonly allowPrivate: boolean;
  readonly timeoutMs: number;
  /** What every delivery carries. */
  readonly headers: Readonly<Record<string, string>>;
  readonly attempt: Attempt;
}

/** As the timeline shows it. */
export interface Call {
  readonly method: string;
  /** Without what may be a secret in it. */
  readonly url: string;
  readonly status?: number;
  readonly error?: string;
}

export interface FunctionFetch {
  readonly fetch: (request: FetchRequest) => Promise<FetchResult>;
  readonly calls: readonly Call[];
  /** Whether a request may have arrived. */
  readonly hasCalled: () => boolean;
  /** Ends what is under way. */
  readonly close: () => void;
}

const METHODS: readonly HttpRequest["method"][] = ["GET", "POST", "PUT", "PATCH", "DELETE"];
const MAX_BODY = 256 * 1024;
const MAX_HEADERS_LENGTH = 8_192;
const NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

export function createFunctionFetch(options: FunctionFetchOptions): FunctionFetch {
  const { allowedHosts, allowPrivate, timeoutMs, headers: ours, attempt } = options;
  const calls: Call[] = [];
  const closing = new AbortController();
  let hasCalled = false;
  const bounded: Attempt = {
    abandon: AbortSignal.any([attempt.abandon, closing.signal]),
    /** Asked before the first byte leaves. */
    obstacle() {
      const reason = closing.signal.aborted ? "over" : attempt.obstacle();
      if (reason === undefined) hasCalled = true;
      return reason;
    },
  };

  async function fetch(given: FetchRequest): Promise<FetchResult> {
    const checked = check(given, allowedHosts);
    if ("error" in checked) return checked;
    const { url, request } = checked;
    const caller = createHttpCaller({
      url: url.href,
      concurrency: 1,
      timeoutMs,
      keepAlive: false,
      allowPrivate,
    });
    const headers = { "user-agent": "switchyard", ...request.headers, ...ours };
    const result = await caller.call({ ...request, headers }, bounded);
    await caller.close();
    const about = { method: request.method, url: `${url.origin}${url.pathname}` };
    if (result.responded) {
      calls.push({ ...about, status: result.status });
      if (result.truncated) return { error: "the response is larger than 64 KiB" };
      return { status: result.status, headers: result.headers, body: result.body };
    }
    const { reason } = result.outcome;
    calls.push({ ...about, error: reason });
    return { error: reason };
  }

  return { fetch, calls, hasCalled: () => hasCalled, close: () => closing.abort() };
}

type Checked = { readonly error: string } | { readonly url: URL; readonly request: HttpRequest };

function check({ url: text, method, headers, body }: FetchRequest, allowed: readonly string[]): Checked {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol))
    return { error: "fetch needs an http or https URL" };
  if (url.username + url.password !== "") return { error: "a URL must not have a user or password in it" };
  const withPort = url.port === "" ? `${url.host}:${url.protocol === "https:" ? 443 : 80}` : url.host;
  if (!allowed.includes(url.host) && !allowed.includes(withPort))
    return { error: `${url.host} is not one of allowed_hosts` };
  const known = METHODS.find((one) => one === method.toUpperCase());
  if (known === undefined) return { error: `the method must be one of ${METHODS.join(", ")}` };
  const entries = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value] as const);
  const wrong = entries.find(
    ([name, value]) => !NAME.test(name) || !VALUE.test(value) || OUR_HEADERS.test(name),
  );
  if (wrong !== undefined) return { error: `${wrong[0].slice(0, 100)} can't be set as a header` };
  if (entries.reduce((sum, [name, value]) => sum + name.length + value.length, 0) > MAX_HEADERS_LENGTH)
    return { error: `headers have more than ${MAX_HEADERS_LENGTH} characters` };
  if (body !== null && body.length > MAX_BODY)
    return { error: `a body has more than ${MAX_BODY} characters` };
  if (body !== null && known === "GET") return { error: "a GET has no body" };
  return { url, request: { method: known, headers: Object.fromEntries(entries), body } };
}
