// For who would rather wait: tells how a submission ended, while somebody is waiting to hear it.
import type { SubmissionId } from "#domain/ids.ts";
import { SUBMISSION_STREAM_PREFIX, submissionEvents, submissionStream } from "#domain/submission/events.ts";
import { createCodec } from "#platform/event-store/codec.ts";
import type { EventStore } from "#platform/event-store/event-store.ts";
import type { StoredEvent } from "#platform/event-store/stored-event.ts";
import type { Lifecycle } from "#platform/lifecycle.ts";
import type { Receipt } from "./store.ts";

export interface Ending {
  readonly outcome: "success" | "failure" | "error";
  readonly reason?: string;
  readonly partner?: string;
  readonly price?: number;
}

export interface Ended {
  readonly ending: Ending;
  readonly position: bigint;
}

export interface Endings {
  /** Undefined when it has not ended within this time. */
  of(receipt: Receipt, waitMs: number): Promise<Ended | undefined>;
}

type Listener = (ended: Ended) => void;

const MOST_WAITING = 2_000;
/** The log is not followed longer than this after the last has stopped waiting. */
const LINGER_MS = 5_000;

const codec = createCodec(submissionEvents);

export function createEndings(eventStore: EventStore, lifecycle: Lifecycle): Endings {
  const waiting = new Map<string, Set<Listener>>();
  let following: AbortController | undefined;
  let lingering: NodeJS.Timeout | undefined;
  lifecycle.own("endings", stop);

  function stop(): void {
    clearTimeout(lingering);
    following?.abort();
    following = undefined;
  }

  function followFrom(position: bigint): void {
    clearTimeout(lingering);
    if (following !== undefined) return;
    following = new AbortController();
    eventStore.follow({
      name: "endings",
      prefixes: [SUBMISSION_STREAM_PREFIX],
      from: position,
      signal: following.signal,
      onEvents: async (events) => {
        for (const event of events) {
          const listeners = waiting.get(event.stream);
          const ended = listeners && endedBy(event);
          if (ended) for (const listener of listeners) listener(ended);
        }
      },
    });
  }

  function listen(stream: string, listener: Listener): () => void {
    const listeners = waiting.get(stream) ?? new Set();
    waiting.set(stream, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0) waiting.delete(stream);
      if (waiting.size === 0) lingering = setTimeout(stop, LINGER_MS).unref();
    };
  }

  async function newest(id: SubmissionId): Promise<Ended | undefined> {
    const [last] = await eventStore.readStreamBackwards(submissionStream(id), 1);
    return last && endedBy(last);
  }

  return {
    async of({ id, position, duplicate }, waitMs) {
      if (waiting.size >= MOST_WAITING || waitMs <= 0) return undefined;
      const heard = Promise.withResolvers<Ended | undefined>();
      const forget = listen(submissionStream(id), heard.resolve);
      const timer = setTimeout(heard.resolve, waitMs, undefined);
      try {
        // A repeat may be of long ago, and all that has happened since is nobody's news.
        followFrom(duplicate ? await eventStore.head() : position);
        // It may have ended before anybody listened.
        newest(id).then(
          (ended) => ended && heard.resolve(ended),
          () => undefined,
        );
        return await heard.promise;
      } catch {
        return undefined;
      } finally {
        clearTimeout(timer);
        forget();
      }
    },
  };
}

function endedBy(stored: StoredEvent): Ended | undefined {
  const ending = endingOf(stored);
  return ending && { ending, position: stored.position };
}

function endingOf(stored: StoredEvent): Ending | undefined {
  const decoded = codec.decode(stored);
  if (!decoded.known) return undefined;
  const { event } = decoded;
  switch (event.type) {
    case "SubmissionDelivered":
      return told("success", event.data);
    case "SubmissionDuplicate":
    case "SubmissionRejected":
    case "SubmissionUnrouted":
      return told("failure", event.data);
    case "SubmissionDeadLettered":
      return told("error", event.data);
    case "SubmissionReceived":
    case "PersonIdentified":
    case "SubmissionRouted":
    case "SubmissionRedriven":
      return undefined;
  }
}

interface Details {
  readonly reason?: string | undefined;
  readonly partner?: string | undefined;
  readonly price?: number | undefined;
}

function told(outcome: Ending["outcome"], { reason, partner, price }: Details): Ending {
  return {
    outcome,
    ...(reason !== undefined && { reason }),
    ...(partner !== undefined && { partner }),
    ...(price !== undefined && { price }),
  };
}
