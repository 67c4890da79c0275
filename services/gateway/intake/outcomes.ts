// The outcome of a submission, for producers that wait for it. The log is followed only while somebody waits.
import {
  SUBMISSION_STREAM_PREFIX,
  type SubmissionEvent,
  submissionEvents,
  submissionStream,
} from "#domain/submission/events.ts";
import { createCodec } from "#platform/event-store/codec.ts";
import type { EventStore } from "#platform/event-store/event-store.ts";
import type { StoredEvent } from "#platform/event-store/stored-event.ts";
import type { Lifecycle } from "#platform/lifecycle.ts";
import type { Receipt } from "./store.ts";

/** As it is sent; JSON has no fields that are undefined. */
export interface Outcome {
  readonly outcome: "success" | "failure" | "error";
  readonly reason: string | undefined;
  readonly partner: string | undefined;
  readonly price: number | undefined;
}

export interface OutcomeAt {
  readonly outcome: Outcome;
  readonly position: bigint;
}

export interface Outcomes {
  /** Undefined when the submission has not ended within this time, or when too many wait already. */
  wait(receipt: Receipt, waitMs: number): Promise<OutcomeAt | undefined>;
}

type Listener = (outcome: OutcomeAt) => void;

const MAX_WAITING = 2_000;
/** The log is followed for this long after the last waiter has left. */
const LINGER_MS = 5_000;

const codec = createCodec(submissionEvents);

const outcomeOfEvent: Readonly<Record<SubmissionEvent["type"], Outcome["outcome"] | undefined>> = {
  SubmissionReceived: undefined,
  PersonIdentified: undefined,
  SubmissionRouted: undefined,
  SubmissionRedriven: undefined,
  SubmissionDelivered: "success",
  SubmissionDuplicate: "failure",
  SubmissionRejected: "failure",
  SubmissionUnrouted: "failure",
  SubmissionDeadLettered: "error",
};

export function createOutcomes(eventStore: EventStore, lifecycle: Lifecycle): Outcomes {
  const waiting = new Map<string, Set<Listener>>();
  let following: AbortController | undefined;
  let lingering: NodeJS.Timeout | undefined;
  lifecycle.own("outcomes", stop);

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
      name: "outcomes",
      prefixes: [SUBMISSION_STREAM_PREFIX],
      from: position,
      signal: following.signal,
      onEvents: async (events) => {
        for (const event of events) {
          const listeners = waiting.get(event.stream);
          const outcome = listeners && outcomeOf(event);
          if (outcome) for (const listener of listeners) listener(outcome);
        }
      },
    });
  }

  /** Returns what ends the listening. */
  function listen(stream: string, listener: Listener): () => void {
    const listeners = waiting.get(stream) ?? new Set();
    waiting.set(stream, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0) waiting.delete(stream);
      if (waiting.size === 0) lingering = setTimeout(stop, LINGER_MS).unref();
    };
  }

  return {
    async wait({ id, position, duplicate }, waitMs) {
      if (waiting.size >= MAX_WAITING || waitMs <= 0) return undefined;
      const stream = submissionStream(id);
      const ended = Promise.withResolvers<OutcomeAt | undefined>();
      const stopListening = listen(stream, ended.resolve);
      const timer = setTimeout(ended.resolve, waitMs, undefined);
      try {
        // A repeat may be of long ago: nothing between then and now is worth reading.
        followFrom(duplicate ? await eventStore.head() : position);
        // The submission may have ended before anybody listened.
        eventStore.readStreamBackwards(stream, 1).then(
          ([last]) => {
            const outcome = last && outcomeOf(last);
            if (outcome) ended.resolve(outcome);
          },
          () => undefined,
        );
        return await ended.promise;
      } catch {
        return undefined;
      } finally {
        clearTimeout(timer);
        stopListening();
      }
    },
  };
}

function outcomeOf(stored: StoredEvent): OutcomeAt | undefined {
  const decoded = codec.decode(stored);
  const outcome = decoded.known ? outcomeOfEvent[decoded.event.type] : undefined;
  if (!decoded.known || outcome === undefined) return undefined;
  const { reason, partner, price } = decoded.event.data as Partial<Outcome>;
  return { outcome: { outcome, reason, partner, price }, position: stored.position };
}
