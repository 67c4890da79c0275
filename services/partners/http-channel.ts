// Calling a partner over HTTP: bounded in time and size, no redirects, and no way into private networks.
import { lookup as systemLookup } from "node:dns";
import { isIP, type LookupFunction } from "node:net";
import { type Dispatcher, Pool } from "undici";
import { isPrivateAddress } from "#platform/private-addresses.ts";

export interface OutgoingRequest {
  readonly method: "POST" | "PUT" | "PATCH";
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export type CallResult =
  | {
      readonly answered: true;
      readonly status: number;
      readonly headers: Readonly<Record<string, string>>;
      readonly body: string;
      readonly truncated: boolean;
    }
  /** `sent`: whether the partner may have got the request. */
  | { readonly answered: false; readonly sent: boolean; readonly reason: string };

export interface Channel {
  /** Never throws: whatever happens is a result. `abandon` ends the call early. */
  call(request: OutgoingRequest, abandon: AbortSignal): Promise<CallResult>;
  /** Calls that are under way still end. */
  close(): Promise<void>;
}

export interface ChannelOptions {
  readonly url: string;
  readonly concurrency: number;
  readonly timeoutMs: number;
  /** Off where a repeat must not happen: a connection that the partner closes just then would leave the outcome unknown. */
  readonly keepAlive: boolean;
  readonly allowPrivate: boolean;
}

const MOST_ANSWER_BYTES = 64 * 1024;
const LONGEST_CONNECT_MS = 5_000;

class PrivateAddress extends Error {
  readonly code = "PRIVATE_ADDRESS";
}

export function openChannel(options: ChannelOptions): Channel {
  const { timeoutMs, allowPrivate } = options;
  const url = new URL(options.url);
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const pool = new Pool(url.origin, {
    connections: options.concurrency,
    pipelining: options.keepAlive ? 1 : 0,
    // The whole call is bounded below; these would only fire later.
    headersTimeout: 0,
    bodyTimeout: 0,
    connect: {
      timeout: Math.min(timeoutMs, LONGEST_CONNECT_MS),
      ...(!allowPrivate && { lookup: publicLookup }),
    },
  });
  // An address that stands in the URL is never looked up.
  const refused = !allowPrivate && isIP(host) !== 0 && isPrivateAddress(host);

  return {
    async call(request, abandon) {
      if (refused) return { answered: false, sent: false, reason: "private_address_refused" };
      const bound = new AbortController();
      const timer = setTimeout(() => bound.abort("timeout"), timeoutMs);
      const onAbandoned = (): void => bound.abort("abandoned");
      abandon.addEventListener("abort", onAbandoned);
      if (abandon.aborted) onAbandoned();
      try {
        const path = `${url.pathname}${url.search}`;
        return await read(await pool.request({ ...request, path, signal: bound.signal }));
      } catch (error) {
        return explain(error, bound.signal);
      } finally {
        clearTimeout(timer);
        abandon.removeEventListener("abort", onAbandoned);
      }
    },
    close: () => pool.close(),
  };
}

async function read({ statusCode, headers, body }: Dispatcher.ResponseData): Promise<CallResult> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    size += chunk.length;
    // Leaving the loop closes the connection: nobody reads the rest.
    if (size > MOST_ANSWER_BYTES) break;
  }
  const text = Buffer.concat(chunks).subarray(0, MOST_ANSWER_BYTES).toString("utf8");
  return {
    answered: true,
    status: statusCode,
    headers: Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [
        name,
        Array.isArray(value) ? value.join(", ") : `${value}`,
      ]),
    ),
    body: text,
    truncated: size > MOST_ANSWER_BYTES,
  };
}

/** These happen before the first byte of a request leaves. */
const NOT_SENT = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "EADDRNOTAVAIL",
  "UND_ERR_CONNECT_TIMEOUT",
  "PRIVATE_ADDRESS",
]);
const TLS = /^(ERR_TLS|ERR_SSL|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO)/;

function explain(error: unknown, bound: AbortSignal): CallResult {
  if (bound.aborted) return { answered: false, sent: true, reason: `${bound.reason}` };
  const code = codeOf(error);
  if (code === "PRIVATE_ADDRESS") return { answered: false, sent: false, reason: "private_address_refused" };
  const sent = !NOT_SENT.has(code) && !TLS.test(code);
  return { answered: false, sent, reason: code.toLowerCase() };
}

function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return "failed";
  const code: unknown = "code" in error ? error.code : undefined;
  if (typeof code === "string") return code;
  // Several addresses were tried: the first of their errors speaks for all.
  if (error instanceof AggregateError) return codeOf(error.errors[0]);
  return error.name;
}

/** Looked up anew for each connection, so a name that changes its mind between check and call gains nothing. */
const publicLookup: LookupFunction = (hostname, options, callback) => {
  systemLookup(hostname, { ...options, all: true }, (error, addresses) => {
    if (error) return callback(error, []);
    if (addresses.length === 0 || addresses.some(({ address }) => isPrivateAddress(address)))
      return callback(new PrivateAddress("the name leads to a private address"), []);
    if (options.all) return callback(null, addresses);
    const [first] = addresses;
    callback(null, first?.address ?? "", first?.family);
  });
};
