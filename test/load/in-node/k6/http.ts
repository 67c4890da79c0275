// k6/http: asynchronous requests, each client with a connection of its own. A request without an answer has the status 0.
import { Agent, request } from "undici";

interface Params {
  readonly headers: Readonly<Record<string, string>>;
  readonly timeout?: string;
}

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly error: string;
  json(field: string): unknown;
}

/** Only closed connections wait; k6 has no limit either. */
const dispatcher = new Agent({ connections: null, pipelining: 1 });
const TIMEOUT_MS = 30_000;

async function asyncRequest(method: string, url: string, body: string, params: Params): Promise<Answer> {
  try {
    const answer = await request(url, {
      ...{ method: method as "POST" | "PUT", body, headers: params.headers, dispatcher },
      ...{ headersTimeout: TIMEOUT_MS, bodyTimeout: TIMEOUT_MS },
    });
    const text = await answer.body.text();
    const headers = Object.entries(answer.headers).map(([name, value]) => [canonical(name), `${value}`]);
    return {
      status: answer.statusCode,
      headers: Object.fromEntries(headers),
      error: "",
      json: (field) => (JSON.parse(text) as Record<string, unknown>)[field],
    };
  } catch (error) {
    return { status: 0, headers: {}, error: String(error), json: () => undefined };
  }
}

/** k6 names headers as Go does: Retry-After. */
const canonical = (name: string): string => name.replace(/(^|-)[a-z]/g, (start) => start.toUpperCase());

// What counts as a failed request is only shown in k6's own summary.
export default { asyncRequest, setResponseCallback: () => {}, expectedStatuses: () => undefined };
