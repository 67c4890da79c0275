// Calls of the API. What it refuses is a Problem with the API's own words; a server that does not answer is ServerAway.

interface ProblemDocument {
  readonly title?: string;
  readonly detail?: string;
  readonly errors?: readonly InputError[];
  readonly [field: string]: unknown;
}

export interface InputError {
  readonly path: string;
  readonly message: string;
}

export class Problem extends Error {
  override name = "Problem";
  readonly status: number;
  readonly title: string;
  readonly errors: readonly InputError[];
  readonly more: ProblemDocument;

  constructor(status: number, document: ProblemDocument) {
    super(document.detail ?? document.title ?? `The server answered with ${status}`);
    this.status = status;
    this.title = document.title ?? "The server refused";
    this.errors = document.errors ?? [];
    this.more = document;
  }
}

class ServerAway extends Error {
  override name = "ServerAway";
  constructor() {
    super("The server does not answer. What you see may be old; the page tries again by itself.");
  }
}

interface Listeners {
  unauthorized: () => void;
  away: () => void;
}
const listeners: Listeners = { unauthorized: () => undefined, away: () => undefined };

/** Who wants to know that a session has ended, or that the server does not answer. */
export function listen(to: Partial<Listeners>): void {
  Object.assign(listeners, to);
}

/** Where another page of this browser was told so. */
export const sessionEnded = (): void => listeners.unauthorized();

/** Why personal data is to be shown, for who has to say so; it is recorded with each request. */
let unmasking: string | undefined;
const PERSONAL = /^\/api\/(leads|dlq|identities|campaigns|context)\b/;

export function showPersonalData(reason: string | undefined): void {
  unmasking = reason;
}

function unmasked(method: string, path: string): string {
  if (unmasking === undefined || method !== "GET" || !PERSONAL.test(path)) return path;
  return `${path}${path.includes("?") ? "&" : "?"}unmask=${encodeURIComponent(unmasking)}`;
}

export interface CallOptions {
  readonly body?: unknown;
  /** Instead of a body: JSON objects, one a line. */
  readonly lines?: string | Blob;
  readonly signal?: AbortSignal | undefined;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The response, whatever its body is; throws where the API refuses. */
export async function request(method: string, path: string, options: CallOptions = {}): Promise<Response> {
  const { body, lines, signal, headers } = options;
  const hasBody = body !== undefined;
  let response: Response;
  try {
    response = await fetch(unmasked(method, path), {
      method,
      headers: {
        ...(hasBody && { "content-type": "application/json" }),
        ...(lines !== undefined && { "content-type": "application/x-ndjson" }),
        ...headers,
      },
      ...(hasBody && { body: JSON.stringify(body) }),
      ...(lines !== undefined && { body: lines }),
      ...(signal && { signal }),
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    listeners.away();
    throw new ServerAway();
  }
  if (response.ok) return response;
  const document = await response.json().catch(() => ({}));
  if (response.status === 401 && path !== "/api/login") listeners.unauthorized();
  throw new Problem(response.status, document as ProblemDocument);
}

export async function call<Shape>(method: string, path: string, options?: CallOptions): Promise<Shape> {
  const response = await request(method, path, options);
  return response.status === 204 ? (undefined as Shape) : ((await response.json()) as Shape);
}

export const get = <Shape>(path: string, signal?: AbortSignal): Promise<Shape> =>
  call("GET", path, { signal });

/** Without the parameters that are empty. */
export function withQuery(
  path: string,
  query: Readonly<Record<string, string | number | undefined>>,
): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query))
    if (value !== undefined && value !== "") parameters.set(name, String(value));
  const text = parameters.toString();
  return text === "" ? path : `${path}?${text}`;
}
