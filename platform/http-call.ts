// One HTTP call: bounded in time and size, without redirects, and without a way into private networks.
import { type Dispatcher, Pool } from "undici";
import { isRefusedHost, publicLookup } from "./outbound.ts";

export interface Attempt {
  /** To be asked at the last moment before the other side could notice anything: why it must not be called now, if so. */
  readonly obstacle: () => string | undefined;
  /** Ends the attempt early. */
  readonly abandon: AbortSignal;
}

export interface HttpRequest {
  readonly method: "POST" | "PUT" | "PATCH" | "GET" | "DELETE";
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
}

export interface HttpResponse {
  readonly responded: true;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly truncated: boolean;
}

export interface NoHttpResponse {
  readonly responded: false;
  /** Unknown or interrupted where the request may have been processed. */
  readonly outcome: {
    readonly outcome: "failed" | "unknown" | "interrupted" | "not_called";
    readonly reason: string;
  };
}

export interface HttpCaller {
  /** Never rejects. */
  call(request: HttpRequest, attempt: Attempt): Promise<HttpResponse | NoHttpResponse>;
  /** Calls that are under way still end. */
  close(): Promise<void>;
}

export interface HttpCallerOptions {
  readonly url: string;
  readonly concurrency: number;
  readonly timeoutMs: number;
  /** Off where a repeat must not happen: a connection that the other side closes just then would leave the outcome unknown. */
  readonly keepAlive: boolean;
  readonly allowPrivate: boolean;
  /** After so long without a call all that calling takes is let go of; 10 s unless told. */
  readonly idleMs?: number;
  /** What is longer is cut; 64 KiB unless told. */
  readonly maxBodyBytes?: number;
}

const MAX_BODY_BYTES = 64 * 1024;
const MAX_CONNECT_MS = 5_000;
/** A pool takes 50 kB without any connection, for each of perhaps hundreds of partners. */
const IDLE_MS = 10_000;

export function createHttpCaller(options: HttpCallerOptions): HttpCaller {
  const { timeoutMs, allowPrivate, idleMs = IDLE_MS, maxBodyBytes = MAX_BODY_BYTES } = options;
  const url = new URL(options.url);
  const openPool = (): Pool =>
    new Pool(url.origin, {
      connections: options.concurrency,
      pipelining: options.keepAlive ? 1 : 0,
      // The whole call is bounded below; these would only fire later.
      headersTimeout: 0,
      bodyTimeout: 0,
      connect: {
        timeout: Math.min(timeoutMs, MAX_CONNECT_MS),
        ...(!allowPrivate && { lookup: publicLookup }),
      },
    });
  let pool: Pool | undefined;
  let idleTimer: NodeJS.Timeout | undefined;
  const path = `${url.pathname}${url.search}`;
  const refused = isRefusedHost(url.hostname, allowPrivate);
  const underWay = new Set<Promise<unknown>>();

  function closeIdle(): void {
    const idle = pool;
    pool = undefined;
    void idle?.destroy();
  }

  return {
    async call(request, attempt) {
      if (refused)
        return { responded: false, outcome: { outcome: "failed", reason: "private_address_refused" } };
      clearTimeout(idleTimer);
      pool ??= openPool();
      const call = dispatch(pool, { ...request, path }, attempt, { timeoutMs, maxBodyBytes });
      underWay.add(call);
      return call.finally(() => {
        underWay.delete(call);
        if (underWay.size === 0) idleTimer = setTimeout(closeIdle, idleMs).unref();
      });
    },
    async close() {
      await Promise.all(underWay);
      clearTimeout(idleTimer);
      pool ??= openPool();
      // Not pool.close(), which waits for connections that nobody needs any more.
      await pool.destroy();
    },
  };
}

function dispatch(
  pool: Pool,
  request: Dispatcher.DispatchOptions,
  { obstacle, abandon }: Attempt,
  { timeoutMs, maxBodyBytes }: { readonly timeoutMs: number; readonly maxBodyBytes: number },
): Promise<HttpResponse | NoHttpResponse> {
  return new Promise((resolve) => {
    /** There once the connection is, and so before the first byte leaves. */
    let written: Dispatcher.DispatchController | undefined;
    let isOver = false;
    let head = { status: 0, headers: {} as Record<string, string> };
    const chunks: Buffer[] = [];
    let size = 0;

    function end(result: HttpResponse | NoHttpResponse): void {
      isOver = true;
      clearTimeout(timer);
      abandon.removeEventListener("abort", onAbandoned);
      resolve(result);
    }
    function respond(): void {
      const body = Buffer.concat(chunks).subarray(0, maxBodyBytes).toString("utf8");
      end({ responded: true, ...head, body, truncated: size > maxBodyBytes });
    }
    /** undici ends a call only once it is connected, so nobody waits for that. */
    function endWithout(reason: string, byUs: boolean): void {
      const [before, after] = byUs
        ? (["not_called", "interrupted"] as const)
        : (["failed", "unknown"] as const);
      end({ responded: false, outcome: { outcome: written === undefined ? before : after, reason } });
      written?.abort(new Error(reason));
    }
    const timer = setTimeout(endWithout, timeoutMs, "timeout", false);
    const onAbandoned = (): void => endWithout("abandoned", true);
    abandon.addEventListener("abort", onAbandoned);
    if (abandon.aborted) return onAbandoned();

    pool.dispatch(request, {
      onRequestStart(controller) {
        const reason = isOver ? "over" : obstacle();
        if (reason === undefined) {
          written = controller;
          return;
        }
        if (!isOver) endWithout(reason, true);
        controller.abort(new Error(reason));
      },
      onResponseStart(_controller, status, headers) {
        if (status >= 200) head = { status, headers: inOneLine(headers) };
      },
      onResponseData(controller, chunk) {
        chunks.push(chunk);
        size += chunk.length;
        if (size <= maxBodyBytes) return;
        respond();
        controller.abort(new Error("nobody reads the rest"));
      },
      onResponseEnd: respond,
      onResponseError: (_controller, error) => endWithout(reasonOf(error), false),
    });
  });
}

const inOneLine = (headers: Readonly<Record<string, string | string[] | undefined>>) =>
  Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join(", ") : `${value}`,
    ]),
  );

export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return "failed";
  // Several addresses were tried: the first of their errors speaks for all.
  if (error instanceof AggregateError && error.errors.length > 0) return reasonOf(error.errors[0]);
  const code: unknown = "code" in error ? error.code : undefined;
  return (typeof code === "string" ? code : error.name).toLowerCase().replace(/^und_err_/, "");
}
