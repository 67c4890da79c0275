// GET /api/stream, read by fetch and not by EventSource: so we know why it ended and decide when to try again.
import { request } from "../api/client.ts";

export interface StreamEvent {
  readonly topic: string;
  readonly id: string;
  readonly data: Readonly<Record<string, unknown>>;
}

export interface StreamHandlers {
  onOpen(): void;
  onEvent(event: StreamEvent): void;
  /** It ended or could not be opened; it is tried again by itself. */
  onLost(): void;
}

const FIRST_RETRY_MS = 500;
const MAX_RETRY_MS = 3_000;
/** The server sends something more often than this, whatever happens. */
const SILENCE_MS = 45_000;

/** Reads until `signal` aborts, from where it was each time. */
export async function readStream(signal: AbortSignal, handlers: StreamHandlers): Promise<void> {
  let lastId: string | undefined;
  let wait = FIRST_RETRY_MS;
  while (!signal.aborted) {
    const silence = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const heard = (): void => {
      clearTimeout(timer);
      timer = setTimeout(() => silence.abort(), SILENCE_MS);
    };
    try {
      heard();
      const headers = lastId === undefined ? {} : { "last-event-id": lastId };
      const either = AbortSignal.any([signal, silence.signal]);
      const response = await request("GET", "/api/stream", { headers, signal: either });
      handlers.onOpen();
      wait = FIRST_RETRY_MS;
      for await (const event of eventsIn(response, heard)) {
        if (event.id !== "") lastId = event.id;
        handlers.onEvent(event);
      }
    } catch {
      // Whatever it was, it is tried again below.
    } finally {
      clearTimeout(timer);
    }
    if (signal.aborted) return;
    handlers.onLost();
    await new Promise((resolve) => setTimeout(resolve, wait));
    wait = Math.min(wait * 2, MAX_RETRY_MS);
  }
}

async function* eventsIn(response: Response, heard: () => void): AsyncGenerator<StreamEvent> {
  if (response.body === null) return;
  let rest = "";
  for await (const text of response.body.pipeThrough(new TextDecoderStream())) {
    heard();
    const blocks = (rest + text).split(/\r?\n\r?\n/);
    rest = blocks.pop() ?? "";
    for (const block of blocks) {
      const event = eventOf(block);
      if (event !== undefined) yield event;
    }
  }
}

/** Undefined for a comment. */
export function eventOf(block: string): StreamEvent | undefined {
  const fields = new Map<string, string>();
  for (const line of block.split(/\r?\n/)) {
    const [, name, value] = /^(\w+): ?(.*)$/.exec(line) ?? [];
    if (name === undefined || value === undefined) continue;
    fields.set(name, fields.has(name) ? `${fields.get(name)}\n${value}` : value);
  }
  const topic = fields.get("event");
  if (topic === undefined) return undefined;
  let data: StreamEvent["data"] = {};
  try {
    data = JSON.parse(fields.get("data") ?? "{}");
  } catch {
    // An event that can't be read still says that something happened.
  }
  return { topic, id: fields.get("id") ?? "", data };
}
