// The outcome of a submission, for producers that wait for it. The log is followed only while somebody waits.
import { EventEmitter, once } from "node:events";
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
interface Outcome {
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
  /** Emits an OutcomeAt by the name of its stream. */
  const ended = new EventEmitter().setMaxListeners(0);
  let waiting = 0;
  let following: AbortController | undefined;
  let lingering: NodeJS.Timeout | undefined;
  lifecycle.own("outcomes", stopFollowing);

  function stopFollowing(): void {
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
          const outcome = ended.listenerCount(event.stream) > 0 ? outcomeOf(event) : undefined;
          if (outcome !== undefined) ended.emit(event.stream, outcome);
        }
      },
    });
  }

  return {
    async wait({ id, position, duplicate }, waitMs) {
      if (waiting >= MAX_WAITING || waitMs <= 0) return undefined;
      waiting += 1;
      const stream = submissionStream(id);
      const leaving = new AbortController();
      const timer = setTimeout(() => leaving.abort(), waitMs);
      const next: Promise<OutcomeAt | undefined> = once(ended, stream, { signal: leaving.signal }).then(
        ([outcome]) => outcome,
        () => undefined,
      );
      try {
        // A repeat may be of long ago: nothing between then and now is worth reading.
        followFrom(duplicate ? await eventStore.head() : position);
        // The submission may have ended before the log was followed.
        const latest = eventStore.readStreamBackwards(stream, 1).then(([last]) => last && outcomeOf(last));
        return await Promise.race([
          next,
          latest.then(
            (outcome) => outcome ?? next,
            () => next,
          ),
        ]);
      } catch {
        return undefined;
      } finally {
        clearTimeout(timer);
        leaving.abort();
        waiting -= 1;
        clearTimeout(lingering);
        if (waiting === 0) lingering = setTimeout(stopFollowing, LINGER_MS).unref();
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
