import { LRUCache } from "lru-cache";
import { DeliveryId, type SubmissionId } from "#domain/ids.ts";
import {
  type DeliveryIds,
  type SubmissionCommand,
  type SubmissionRefusal,
  submissionDecider,
} from "#domain/submission/decide.ts";
import { type SubmissionEvent, submissionEvents, submissionStream } from "#domain/submission/events.ts";
import { evolve, type SubmissionState } from "#domain/submission/state.ts";
import { createCodec } from "#platform/event-store/codec.ts";
import type { EventStore } from "#platform/event-store/event-store.ts";
import type { NewEvent, StoredEvent } from "#platform/event-store/stored-event.ts";
import { decodeKnown, type Fold, foldOne, foldStream, isOurs, type Loaded } from "#platform/fold-stream.ts";
import { deterministicUuid } from "#platform/ids.ts";
import { type Transacted, transact } from "#platform/transact.ts";
import { createSnapshots } from "./snapshots.ts";

/** One submission as its actor knows it. */
export type Lead = Loaded<SubmissionState>;

type Acted = Transacted<
  SubmissionState,
  SubmissionEvent,
  { readonly accepted: false; readonly reason: SubmissionRefusal }
>;

export interface Leads {
  /** From memory, perhaps behind its stream; undefined when it has to be loaded. */
  atHand(id: SubmissionId): Lead | undefined;
  load(id: SubmissionId): Promise<Lead>;
  /**
   * Decides, and stores what is decided. What is refused on a lead at hand, which may be behind, is decided again on its stream; a
   * refusal then says that there is nothing to do.
   */
  act(
    id: SubmissionId,
    cause: StoredEvent,
    toCommand: (state: SubmissionState) => SubmissionCommand,
    known?: Lead,
  ): Promise<Acted>;
}

const codec = createCodec(submissionEvents);
const decode = decodeKnown(codec);
const FOLD: Fold<SubmissionState | undefined, SubmissionEvent> = {
  decode,
  evolve,
  // What we wrote and can't read waits for somebody who can; it concerns this lead alone.
  onPassedOver(stored, error) {
    if (isOurs(stored)) throw error;
  },
};
/** In each partition. Few come back: those that a partner declines. */
const MAX_AT_HAND = 300;
/** Nearly all leads end within this, and never ask for a snapshot. */
const SHORT = 200;
const SNAPSHOT_EVERY = 500n;

export function deliveryIdsOf(submission: SubmissionId): DeliveryIds {
  return (partner, leg) => DeliveryId.parse(deterministicUuid("delivery", submission, partner, `${leg}`));
}

/** Taken at its word: nothing has happened since this first event. */
export function leadFrom(received: SubmissionEvent, { revision }: StoredEvent): Lead {
  return { state: evolve(undefined, received), revision };
}

export function createLeads(eventStore: EventStore, maxAtHand = MAX_AT_HAND): Leads {
  const snapshots = createSnapshots(eventStore);
  const atHand = new LRUCache<SubmissionId, Lead>({ max: maxAtHand });

  function keep({ state, revision }: Lead): void {
    // What has ended is asked for no more.
    if (state.status === "queued") atHand.set(state.id, { state, revision });
    else atHand.delete(state.id);
  }

  async function load(id: SubmissionId): Promise<Lead> {
    const stream = submissionStream(id);
    const beginning = await eventStore.readStream(stream, { maxCount: SHORT });
    const { state, revision } = beginning.length < SHORT ? fold(beginning) : await loadLong(id);
    if (state === undefined) throw new Error(`there is no stream ${stream}`);
    keep({ state, revision });
    return { state, revision };
  }

  async function loadLong(id: SubmissionId): Promise<Folded> {
    const snapshot = await snapshots.newest(id);
    const loaded = await foldStream<Folded["state"], SubmissionEvent>({
      eventStore,
      stream: submissionStream(id),
      ...FOLD,
      from: snapshot ?? UNKNOWN,
    });
    const { state, revision } = loaded;
    if (state !== undefined && revision !== "no_stream") {
      const isDue = revision - (snapshot?.revision ?? 0n) > SNAPSHOT_EVERY;
      if (isDue) await snapshots.take({ state, revision });
    }
    return loaded;
  }

  return {
    atHand: (id) => atHand.get(id),
    load,
    async act(id, cause, toCommand, known = atHand.get(id)) {
      const acted: Acted = await transact({
        eventStore,
        stream: submissionStream(id),
        load: () => load(id),
        known,
        evolve,
        decide: (state) => submissionDecider.decide(toCommand(state), state),
        encode: (events) => encode(id, events, cause),
      });
      keep(acted);
      return acted;
    },
  };
}

type Folded = Loaded<SubmissionState | undefined>;
const UNKNOWN: Folded = { state: undefined, revision: "no_stream" };

const fold = (events: readonly StoredEvent[]): Folded =>
  events.reduce<Folded>((folded, stored) => foldOne(folded, stored, FOLD), UNKNOWN);

function encode(id: SubmissionId, events: readonly SubmissionEvent[], cause: StoredEvent): NewEvent[] {
  const at = new Date().toISOString();
  const { trace } = cause.metadata;
  return events.map((event) =>
    codec.encode(event, {
      id: eventId(id, event, events, cause),
      at,
      causation: cause.id,
      correlation: id,
      ...(trace !== undefined && { trace }),
    }),
  );
}

/**
 * The same decision for the same cause has the same id, so a repeated append is recognised; another decision has another, so it is
 * never taken for the first.
 */
function eventId(
  id: SubmissionId,
  event: SubmissionEvent,
  decided: readonly SubmissionEvent[],
  cause: StoredEvent,
): string {
  const last = decided.at(-1);
  const route = last?.type === "SubmissionRouted" ? JSON.stringify(last.data.route) : "";
  const person = event.type === "PersonIdentified" ? `${event.data.person_id} ${event.data.match}` : "";
  return deterministicUuid(submissionStream(id), cause.id, event.type, last?.type ?? "", route, person);
}
