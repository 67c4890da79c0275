// Reads the stream of the gateway over HTTP, as a browser's EventSource does, but for its retries.
import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { until } from "../harness/wait.ts";

export interface StreamEvent {
  readonly event: string;
  /** Of this one, or of the last before it that had one. */
  readonly id: string;
  // biome-ignore lint/suspicious/noExplicitAny: a test asserts what is in it.
  readonly data: any;
}

export interface StreamReader {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  readonly events: readonly StreamEvent[];
  readonly comments: readonly string[];
  readonly lastId: () => string;
  readonly ended: () => boolean;
  /** Of a response that is no stream. */
  readonly text: () => string;
  /** Waits for so many that are like this, and gives them all. */
  see(what: string, wanted: (event: StreamEvent) => boolean, count?: number): Promise<StreamEvent[]>;
  /** Takes nothing from its socket until it is to go on. */
  pause(): void;
  resume(): void;
  close(): void;
}

export interface StreamOptions {
  readonly url: string;
  readonly token: string;
  readonly query?: string;
  readonly lastEventId?: string;
}

export async function readStream({
  url,
  token,
  query = "",
  lastEventId,
}: StreamOptions): Promise<StreamReader> {
  const sending = request(`${url}/api/stream${query}`, {
    agent: false,
    headers: {
      authorization: `Bearer ${token}`,
      ...(lastEventId !== undefined && { "last-event-id": lastEventId }),
    },
  });
  sending.end();
  const [response] = (await once(sending, "response")) as [IncomingMessage];
  const events: StreamEvent[] = [];
  const comments: string[] = [];
  let [all, rest, lastId, ended] = ["", "", "", false];
  const isStream = response.headers["content-type"]?.startsWith("text/event-stream") ?? false;
  response.on("data", (bytes: Buffer) => {
    if (!isStream) all += bytes.toString();
    rest += bytes.toString();
    const blocks = rest.split("\n\n");
    rest = blocks.pop() ?? "";
    for (const block of blocks) take(block);
  });
  for (const over of ["close", "error"])
    response.on(over, () => {
      ended = true;
    });
  sending.on("error", () => undefined);

  function take(block: string): void {
    let [event, data] = ["message", ""];
    for (const line of block.split("\n")) {
      const [, name = "", value = ""] = /^([a-z]*): ?(.*)$/.exec(line) ?? [];
      if (name === "") comments.push(value);
      else if (name === "id") lastId = value;
      else if (name === "event") event = value;
      else if (name === "data") data = value;
    }
    if (data !== "") events.push({ event, id: lastId, data: JSON.parse(data) });
  }

  if (!isStream) await until("the response has ended", () => ended);
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    events,
    comments,
    lastId: () => lastId,
    ended: () => ended,
    text: () => all,
    async see(what, wanted, count = 1) {
      return await until(what, () => {
        const found = events.filter(wanted);
        if (found.length < count) throw new Error(`there are ${found.length} of ${events.length}`);
        return found;
      });
    },
    pause: () => void response.pause(),
    resume: () => void response.resume(),
    close: () => void sending.destroy(),
  };
}
