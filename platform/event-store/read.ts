// Reads in pages, each tried again while the store can't be reached.
import {
  BACKWARDS,
  END,
  type EventStoreDBClient,
  FORWARDS,
  type ReadRevision,
  START,
  StreamNotFoundError,
} from "@eventstore/db-client";
import { type Patience, untilAnswered } from "./patience.ts";
import { type StoredEvent, toStoredEvent } from "./stored-event.ts";

const PAGE = 1000;

interface Page {
  readonly events: StoredEvent[];
  /** Whether the store had no more to give. */
  readonly last: boolean;
}

function readPage(
  client: EventStoreDBClient,
  stream: string,
  fromRevision: ReadRevision,
  direction: typeof FORWARDS | typeof BACKWARDS,
  maxCount: number,
  patience: Patience,
): Promise<Page> {
  const ask = async (deadline: number): Promise<Page> => {
    const events: StoredEvent[] = [];
    let seen = 0;
    const reading = client.readStream(stream, { fromRevision, direction, maxCount, deadline });
    try {
      for await (const resolved of reading) {
        seen += 1;
        const event = toStoredEvent(resolved);
        if (event) events.push(event);
      }
    } catch (error) {
      if (!(error instanceof StreamNotFoundError)) throw error;
    }
    return { events, last: seen < maxCount };
  };
  return untilAnswered(`a read of ${stream}`, ask, patience);
}

export async function* readForwards(
  client: EventStoreDBClient,
  stream: string,
  from: bigint,
  maxCount: number,
  patience: Patience,
): AsyncGenerator<StoredEvent[]> {
  let next: ReadRevision = from === 0n ? START : from;
  for (let left = maxCount; left > 0; left -= PAGE) {
    const page = await readPage(client, stream, next, FORWARDS, Math.min(PAGE, left), patience);
    if (page.events.length > 0) yield page.events;
    const newest = page.events.at(-1);
    if (page.last || newest === undefined) return;
    next = newest.revision + 1n;
  }
}

export async function readBackwards(
  client: EventStoreDBClient,
  stream: string,
  maxCount: number,
  patience: Patience,
): Promise<StoredEvent[]> {
  return (await readPage(client, stream, END, BACKWARDS, maxCount, patience)).events;
}

/** The position of the log's last event, whoever wrote it; 0n when there is none. */
export function readHead(client: EventStoreDBClient, patience: Patience): Promise<bigint> {
  const ask = async (deadline: number): Promise<bigint> => {
    const reading = client.readAll({ direction: BACKWARDS, fromPosition: END, maxCount: 1, deadline });
    let head = 0n;
    for await (const { event, commitPosition } of reading) {
      head = event?.position.commit ?? commitPosition ?? 0n;
    }
    return head;
  };
  return untilAnswered("the end of the log", ask, patience);
}
