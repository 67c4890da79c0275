// Reads in pages, each tried again while the store can't be reached.
import type { Calls } from "./calls.ts";
import { type Patience, untilAnswered } from "./patience.ts";
import { encodeHeadRead, encodeStreamRead, type StreamRead } from "./read-request.ts";
import type { ReadMessage } from "./read-response.ts";
import { openReading } from "./reading.ts";
import type { RecordedEvent } from "./recorded-event.ts";

const PAGE = 1000;
const FEW = 20;

interface Page {
  readonly events: RecordedEvent[];
  /** Whether the store had no more to give. */
  readonly last: boolean;
}

function messagesOf(calls: Calls, request: Buffer, remainingMs: number): Promise<ReadMessage[]> {
  return new Promise((resolve, reject) => {
    const messages: ReadMessage[] = [];
    openReading(calls, {
      request,
      deadline: Date.now() + remainingMs,
      onMessage: (message) => void messages.push(message),
      onEnd: (error) => (error ? reject(error) : resolve(messages)),
    });
  });
}

async function readPage(calls: Calls, read: StreamRead, patience: Patience): Promise<Page> {
  const request = encodeStreamRead(read);
  const messages = await untilAnswered(
    `a read of ${read.stream}`,
    (remainingMs) => messagesOf(calls, request, remainingMs),
    patience,
  );
  const found = messages.filter(({ kind }) => kind === "event").length;
  return { events: eventsIn(messages), last: found < read.maxCount };
}

function eventsIn(messages: readonly ReadMessage[]): RecordedEvent[] {
  return messages.flatMap((message) => (message.kind === "event" && message.event ? [message.event] : []));
}

export async function* readForwards(
  calls: Calls,
  stream: string,
  from: bigint,
  maxCount: number,
  patience: Patience,
): AsyncGenerator<RecordedEvent[]> {
  let next = from;
  for (let left = maxCount; left > 0; left -= PAGE) {
    const read = { stream, from: next, backwards: false, maxCount: Math.min(PAGE, left) };
    const page = await readPage(calls, read, patience);
    if (page.events.length > 0) yield page.events;
    const newest = page.events.at(-1);
    if (page.last || newest === undefined) return;
    next = newest.revision + 1n;
  }
}

export async function readBackwards(
  calls: Calls,
  stream: string,
  maxCount: number,
  patience: Patience,
): Promise<RecordedEvent[]> {
  return (await readPage(calls, { stream, from: "end", backwards: true, maxCount }, patience)).events;
}

/** The last event that is not the store's own; undefined where none of the newest is. */
export async function readNewest(calls: Calls, patience: Patience): Promise<RecordedEvent | undefined> {
  const ask = (remainingMs: number): Promise<ReadMessage[]> =>
    messagesOf(calls, encodeHeadRead(FEW), remainingMs);
  return eventsIn(await untilAnswered("the newest event of the log", ask, patience))[0];
}

/** The position of the log's last event, whoever wrote it; 0n when there is none. */
export async function readHead(calls: Calls, patience: Patience): Promise<bigint> {
  const ask = (remainingMs: number): Promise<ReadMessage[]> =>
    messagesOf(calls, encodeHeadRead(1), remainingMs);
  const messages = await untilAnswered("the end of the log", ask, patience);
  const last = messages.find((message) => message.kind === "event");
  return last?.position ?? 0n;
}
